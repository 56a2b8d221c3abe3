#!/usr/bin/env bash
# What the whole test suite needs from Debian: PgBouncer, PostgreSQL 15 with PostGIS beside the embedded 18, Chromium, Node.
set -euo pipefail
wanted=()
command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || wanted+=(pgbouncer)
[ -x /usr/lib/postgresql/15/bin/initdb ] || wanted+=(postgresql-15)
[ -e /usr/share/postgresql/15/extension/postgis.control ] || wanted+=(postgresql-15-postgis-3)
command -v chromium >/dev/null || wanted+=(chromium)
command -v node >/dev/null || wanted+=(nodejs)
command -v npm >/dev/null || wanted+=(npm)
command -v wrk >/dev/null || wanted+=(wrk)
[ ${#wanted[@]} -eq 0 ] && exit 0
echo "Installing from Debian: ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
# A server of Debian's own must not be started: the tests start what they need.
mkdir -p /etc/postgresql-common
grep -qs create_main_cluster /etc/postgresql-common/createcluster.conf || echo "create_main_cluster = false" >> /etc/postgresql-common/createcluster.conf
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
