"""The keys upstream's config.toml may hold, as data: both dialects (Go up to 2.x, TypeScript 3.1).

A key that is in neither is warned about once and otherwise ignored, as upstream does: a newer tool's file must not stop
an older server. `*` stands for a name the user chooses; `**` for anything below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rowgate.project.spelling import nearest

# table → its keys. Tables inside a table are rows of their own.
KNOWN_KEYS: Mapping[str, str] = {
    "": "project_id $schema",
    "api": "enabled port schemas extra_search_path max_rows auto_expose_new_tables external_url",
    "api.tls": "enabled cert_path key_path",
    "db": "port shadow_port health_timeout major_version root_key password",
    "db.pooler": "enabled port pool_mode default_pool_size max_client_conn",
    "db.vault": "**",
    "db.migrations": "enabled schema_paths",
    "db.seed": "enabled sql_paths",
    "db.settings": "effective_cache_size logical_decoding_work_mem maintenance_work_mem max_connections "
    "max_locks_per_transaction max_parallel_maintenance_workers max_parallel_workers max_parallel_workers_per_gather "
    "max_replication_slots max_slot_wal_keep_size max_standby_archive_delay max_standby_streaming_delay max_wal_size "
    "max_wal_senders max_worker_processes session_replication_role shared_buffers statement_timeout "
    "track_activity_query_size track_commit_timestamp wal_keep_size wal_sender_timeout work_mem",
    "db.network_restrictions": "enabled allowed_cidrs allowed_cidrs_v6",
    "db.ssl_enforcement": "enabled",
    "realtime": "enabled ip_version max_header_length",
    "studio": "enabled port api_url openai_api_key",
    "inbucket": "enabled port smtp_port pop3_port admin_email sender_name",
    "local_smtp": "enabled port smtp_port pop3_port admin_email sender_name",
    "storage": "enabled file_size_limit",
    "storage.buckets.*": "public file_size_limit allowed_mime_types objects_path",
    "storage.s3_protocol": "enabled",
    "storage.image_transformation": "enabled",
    "storage.analytics": "enabled max_namespaces max_tables max_catalogs",
    "storage.analytics.buckets.*": "**",
    "storage.vector": "enabled max_buckets max_indexes",
    "storage.vector.buckets.*": "**",
    "auth": "enabled site_url external_url additional_redirect_urls jwt_expiry jwt_issuer signing_keys_path "
    "enable_refresh_token_rotation refresh_token_reuse_interval enable_signup enable_anonymous_sign_ins "
    "enable_manual_linking minimum_password_length password_requirements publishable_key secret_key jwt_secret "
    "anon_key service_role_key",
    "auth.passkey": "enabled",
    "auth.webauthn": "rp_display_name rp_id rp_origins",
    "auth.rate_limit": "email_sent sms_sent anonymous_users token_refresh sign_in_sign_ups token_verifications web3",
    "auth.captcha": "enabled provider secret",
    "auth.email": "enabled enable_signup double_confirm_changes enable_confirmations secure_password_change "
    "require_current_password max_frequency otp_length otp_expiry",
    "auth.email.smtp": "enabled host port user pass admin_email sender_name",
    "auth.email.template.*": "subject content content_path",
    "auth.email.notification.*": "enabled subject content content_path",
    "auth.sms": "enabled enable_signup enable_confirmations template max_frequency",
    "auth.sms.twilio": "enabled account_sid message_service_sid auth_token",
    "auth.sms.twilio_verify": "enabled account_sid message_service_sid auth_token",
    "auth.sms.messagebird": "enabled originator access_key",
    "auth.sms.textlocal": "enabled sender api_key",
    "auth.sms.vonage": "enabled from api_key api_secret",
    "auth.sms.test_otp": "**",
    "auth.sessions": "timebox inactivity_timeout",
    "auth.hook.*": "enabled uri secrets",
    "auth.mfa": "max_enrolled_factors",
    "auth.mfa.totp": "enroll_enabled verify_enabled",
    "auth.mfa.phone": "enroll_enabled verify_enabled otp_length template max_frequency",
    "auth.mfa.web_authn": "enroll_enabled verify_enabled",
    "auth.external.*": "enabled client_id secret redirect_uri url skip_nonce_check email_optional",
    "auth.web3.solana": "enabled",
    "auth.web3.ethereum": "enabled",
    "auth.oauth_server": "enabled authorization_url_path allow_dynamic_registration",
    "auth.third_party.firebase": "enabled project_id",
    "auth.third_party.auth0": "enabled tenant tenant_region",
    "auth.third_party.aws_cognito": "enabled user_pool_id user_pool_region",
    "auth.third_party.clerk": "enabled domain",
    "auth.third_party.workos": "enabled issuer_url",
    "edge_runtime": "enabled policy inspector_port deno_version",
    "edge_runtime.secrets": "**",
    "functions.*": "enabled verify_jwt import_map entrypoint static_files",
    "analytics": "enabled port vector_port backend gcp_project_id gcp_project_number gcp_jwt_path",
    "experimental": "orioledb_version s3_host s3_region s3_access_key s3_secret_key webhooks pgdelta inspect",
    "experimental.webhooks": "**",
    "experimental.pgdelta": "**",
    "experimental.inspect": "**",
    "remotes.*": "**",  # overrides for linked projects; their settings are not ours to judge
}

_ANYTHING = "**"


def unknown_keys(document: Mapping[str, object], ours: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """One warning per unknown key or table, with the nearest known name where there is one.

    `ours` are the tables below `[rowgate]` and their keys. Tables below an unknown table are not mentioned again.
    """
    tree = _tree({**{table: frozenset(keys.split()) for table, keys in KNOWN_KEYS.items()}, **ours})
    yield from _walk(document, tree, ())


class _Node(dict[str, "_Node"]):
    """What may stand in a table; a leaf is a node without children."""


def _tree(tables: Mapping[str, frozenset[str]]) -> _Node:
    root = _Node()
    for table, keys in tables.items():
        node = root
        for name in table.split(".") if table else ():
            node = node.setdefault(name, _Node())
        for key in keys:
            node.setdefault(key, _Node())
    return root


def _walk(table: Mapping[str, object], node: _Node, path: tuple[str, ...]) -> Iterator[str]:
    if _ANYTHING in node:
        return
    for key, value in table.items():
        child = node.get(key, node.get("*"))
        dotted = ".".join((*path, key)) if key.isprintable() else ".".join((*path, ascii(key)))
        if child is None:
            near = nearest(key, [name for name in node if name != "*"])
            suggestion = f' Did you mean "{".".join((*path, near))}"?' if near else ""
            yield f"WARN: unknown config key: {dotted}.{suggestion}"
        elif isinstance(value, Mapping) and child:
            yield from _walk(value, child, (*path, key))
