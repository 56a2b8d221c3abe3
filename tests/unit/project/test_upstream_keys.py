"""config.toml as upstream writes it, in both dialects: known keys are silent, unknown ones are warned about once."""

from __future__ import annotations

import pytest

from .conftest import Resolve

GO_DIALECT = """
project_id = "go"
[api]
enabled = true
port = 54321
schemas = ["public", "graphql_public"]
extra_search_path = ["public", "extensions"]
max_rows = 1000
[api.tls]
enabled = false
[db]
port = 54322
shadow_port = 54320
health_timeout = "2m"
major_version = 17
[db.pooler]
enabled = false
port = 54329
pool_mode = "transaction"
default_pool_size = 20
max_client_conn = 100
[db.vault]
any_name = "value"
[db.migrations]
enabled = true
schema_paths = []
[db.seed]
enabled = true
sql_paths = ["./seed.sql", "./seeds/*.sql"]
[db.settings]
work_mem = "4MB"
[inbucket]
enabled = true
port = 54324
[storage]
enabled = true
file_size_limit = "50MiB"
[storage.buckets.images]
public = false
allowed_mime_types = ["image/png"]
[auth]
enabled = true
site_url = "http://127.0.0.1:3000"
jwt_expiry = 3600
[auth.email]
enable_signup = true
double_confirm_changes = true
[auth.email.template.invite]
subject = "Hello"
[auth.sms]
enable_signup = false
[auth.sms.test_otp]
4152127777 = "123456"
[auth.external.azure]
enabled = false
client_id = ""
[auth.third_party.firebase]
enabled = false
[auth.third_party.aws_cognito]
enabled = false
[functions.hello-world]
verify_jwt = true
[remotes.staging]
project_id = "abcdefghijklmnopqrst"
[remotes.staging.db.seed]
enabled = true
[experimental]
s3_host = "x"
"""

TYPESCRIPT_DIALECT = """
"$schema" = "https://example.com/schema.json"
project_id = "ts"
[local_smtp]
enabled = true
port = 54324
[auth.email]
enabled = true
[auth.sms]
enabled = false
[auth.passkey]
enabled = false
[auth.oauth_server]
enabled = false
authorization_url_path = "/oauth/consent"
[db.seed]
sql_paths = ["./data.sql"]
"""


@pytest.mark.parametrize("text", [GO_DIALECT, TYPESCRIPT_DIALECT], ids=["go", "typescript"])
def test_both_dialects_are_read_without_a_warning(settings_of: Resolve, text: str) -> None:
    assert settings_of(text).warnings == ()


def test_what_upstream_sets_arrives(settings_of: Resolve) -> None:
    settings = settings_of(GO_DIALECT)

    assert settings.project_id == "go"
    assert settings.db.seed_paths == ("./seed.sql", "./seeds/*.sql")
    assert settings.rest.db_schemas == ("public", "graphql_public")
    assert settings_of(TYPESCRIPT_DIALECT).db.seed_paths == ("./data.sql",)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[api]\nprot = 1", 'WARN: unknown config key: api.prot. Did you mean "api.port"?'),
        ("[quantum]\na = 1\nb = 2\n[quantum.c]\nd = 3", "WARN: unknown config key: quantum."),
        ('[auth.third_party.okta]\nenabled = true\ndomain = "x"', "WARN: unknown config key: auth.third_party.okta."),
        (
            "[rowgate.rest]\ndb_schema = 1",
            'WARN: unknown config key: rowgate.rest.db_schema. Did you mean "rowgate.rest.db_schemas"?',
        ),
        ("[rowgate.sever]\nworkers = 2", 'WARN: unknown config key: rowgate.sever. Did you mean "rowgate.server"?'),
        (
            "[functions.hello]\nverify_jw = true",
            'WARN: unknown config key: functions.hello.verify_jw. Did you mean "functions.hello.verify_jwt"?',
        ),
        ('"\\u001b[31m" = 1', "WARN: unknown config key: '\\x1b[31m'."),
    ],
)
def test_an_unknown_key_is_warned_about_once_and_starts(settings_of: Resolve, text: str, warning: str) -> None:
    assert settings_of(text).warnings == (warning,)
