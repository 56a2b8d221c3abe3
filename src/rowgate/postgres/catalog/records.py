"""What the catalog knows, as frozen records. Names are exactly as in pg_catalog, unquoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from rowgate.postgres.statement import Isolation

QualifiedName: TypeAlias = tuple[str, str]  # (schema, name)


class RelationKind(StrEnum):
    """`pg_class.relkind`, spelled out."""

    TABLE = "r"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN_TABLE = "f"
    PARTITIONED_TABLE = "p"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation. `type` is `format_type` with modifiers; `base_type` resolves domains."""

    name: str
    position: int
    type: str
    base_type: str
    type_oid: int
    nullable: bool
    default: str | None = None
    generated: bool = False  # GENERATED ALWAYS AS (…) STORED/VIRTUAL
    identity: str | None = None  # "a" always, "d" by default
    insertable: bool = True
    updatable: bool = True
    max_length: int | None = None
    enum: tuple[str, ...] = ()
    composite: bool = False  # a row type, or a domain over one: `->` paths go through to_jsonb
    array: bool = False
    comment: str | None = None
    serial: bool = False  # a sequence belongs to it: serial, or identity of either kind
    not_null: bool = False  # its own constraint, whatever its domain says


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view, materialized view, foreign or partitioned table.

    `primary_key` is as PostgREST has it: in the order of names, and that of a view is inherited.
    """

    schema: str
    name: str
    kind: RelationKind
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    insertable: bool = True
    updatable: bool = True
    deletable: bool = True
    rls_enabled: bool = False
    rls_forced: bool = False
    owner: str = ""
    comment: str | None = None
    is_partition: bool = False
    oid: int = 0
    row_type: int = 0  # oid

    @property
    def qualified_name(self) -> QualifiedName:
        return (self.schema, self.name)


class Cardinality(StrEnum):
    """How many target rows one source row has, as PostgREST names it."""

    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    ONE_TO_ONE = "one-to-one"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True, slots=True)
class Junction:
    """The table between the two sides of a many-to-many relationship."""

    schema: str
    name: str
    source_constraint: str
    source_columns: tuple[tuple[str, str], ...]  # (junction column, source column)
    target_constraint: str
    target_columns: tuple[tuple[str, str], ...]  # (junction column, target column)


@dataclass(frozen=True, slots=True)
class Relationship:
    """A way from `source` to `target`, by foreign key (also seen through views) or junction."""

    source: QualifiedName
    target: QualifiedName
    cardinality: Cardinality
    constraint: str
    columns: tuple[tuple[str, str], ...] = ()  # (source column, target column); empty for many-to-many
    junction: Junction | None = None
    is_self: bool = False
    is_parent: bool = False  # one-to-one seen from the side that holds the foreign key
    source_is_view: bool = False
    target_is_view: bool = False

    @property
    def to_one(self) -> bool:
        return self.cardinality in (Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_ONE)


@dataclass(frozen=True, slots=True)
class ComputedRelationship:
    """A function (source row) → target row(s), usable as an embedding under its own name."""

    source: QualifiedName
    target: QualifiedName
    function: QualifiedName
    to_one: bool
    is_self: bool = False


class Volatility(StrEnum):
    """`pg_proc.provolatile`."""

    IMMUTABLE = "i"
    STABLE = "s"
    VOLATILE = "v"


@dataclass(frozen=True, slots=True)
class Parameter:
    """An input parameter of a function. `type` has no modifiers lost to `character(1)`, as PostgREST keeps them."""

    name: str
    type: str
    required: bool = True
    variadic: bool = False
    max_length_type: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnType:
    """What a function returns. `relation` is set when it is the row type of a known relation."""

    type: str
    type_schema: str
    set_of: bool = False
    composite: bool = False  # a row type, or RECORD from OUT/TABLE columns
    void: bool = False
    relation: QualifiedName | None = None
    columns: tuple[tuple[str, str], ...] = ()  # (name, type) of OUT/TABLE columns


@dataclass(frozen=True, slots=True)
class Function:
    """One overload of a function."""

    schema: str
    name: str
    parameters: tuple[Parameter, ...]
    returns: ReturnType
    volatility: Volatility
    has_variadic: bool = False
    security_definer: bool = False
    isolation: Isolation | None = None  # from `SET default_transaction_isolation`
    settings: tuple[tuple[str, str], ...] = ()  # `SET x TO y` of the function
    comment: str | None = None
    oid: int = 0


class TypeCategory(StrEnum):
    """What a type is at bottom. A domain has the category of its base, domains over row types excepted: OTHER."""

    ARRAY = "array"
    ENUM = "enum"
    ROW = "row"  # of a table, view …
    COMPOSITE = "composite"  # CREATE TYPE … AS (…)
    PSEUDO = "pseudo"  # void, record, trigger, anyelement …
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Type:
    """A type in use. `element` is an array's, an oid; `relation` the oid of the relation whose rows it describes."""

    oid: int
    schema: str
    name: str
    category: TypeCategory
    element: int | None = None
    relation: int | None = None


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum; `labels` are in its order."""

    oid: int
    schema: str
    name: str
    labels: tuple[str, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key as declared, or as a partition has it from its parent. Columns pair up."""

    name: str
    source: QualifiedName
    columns: tuple[str, ...]
    target: QualifiedName
    target_columns: tuple[str, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """An input parameter of a routine. `type` is an oid, `type_name` is schema-qualified where needed."""

    name: str  # "" where it has none
    type: int
    type_name: str


@dataclass(frozen=True, slots=True)
class Routine:
    """Whatever pg_proc holds, each overload by itself. `defaults` is the SQL of the last arguments' defaults as
    Postgres writes it, separated by commas; `rows` the planner's estimate (ROWS) of a function that returns a set."""

    oid: int
    schema: str
    name: str
    arguments: tuple[Argument, ...]
    returns: int
    return_type: str
    set_of: bool
    rows: float
    volatility: Volatility
    defaulted: int = 0  # how many arguments have a default
    defaults: str | None = None
    is_function: bool = True  # neither a procedure nor an aggregate or window function
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class SearchPath:
    """What lies in the schemas of the extra search path, which GraphQL exposes, in the order of creation.

    `types` are those that columns and routines of the path use, wherever they live, by oid. `primary` are the columns
    of primary keys by the table's oid, in the key's order; `unique` those of unique indexes, primary keys among them,
    that hold for all rows and are of columns alone.
    """

    schemas: tuple[str, ...] = ()
    relations: Mapping[QualifiedName, Relation] = field(default_factory=dict)
    types: Mapping[int, Type] = field(default_factory=dict)
    enums: Mapping[int, Enum] = field(default_factory=dict)
    foreign_keys: tuple[ForeignKey, ...] = ()
    routines: tuple[Routine, ...] = ()
    primary: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    unique: Mapping[int, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)  # of its schemas


@dataclass(frozen=True, slots=True)
class Policy:
    """A row-level security policy (pg_policies)."""

    table: QualifiedName
    name: str
    command: str  # ALL, SELECT, INSERT, UPDATE, DELETE
    roles: tuple[str, ...]
    permissive: bool
    using: str | None
    check: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on a relation, column, schema or function, from the ACL. `grantee` "" is PUBLIC."""

    grantee: str
    privilege: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What `ALTER ROLE … SET` gave a role, as far as the reading login may set it; in the order it is applied."""

    settings: tuple[tuple[str, str], ...] = ()
    isolation: Isolation | None = None  # from `SET default_transaction_isolation`


@dataclass(frozen=True, slots=True)
class DomainRepresentation:
    """Casts that give a domain its own wire form (PostgREST's domain representations)."""

    domain: str
    to_json: str | None = None
    from_json: str | None = None
    from_text: str | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """A versioned picture of the exposed schemas (and of what their relationships reach)."""

    version: int
    server_version: int  # server_version_num, e.g. 180006
    schemas: tuple[str, ...]
    relations: Mapping[QualifiedName, Relation]
    relationships: Mapping[QualifiedName, tuple[Relationship, ...]]
    computed_relationships: Mapping[QualifiedName, tuple[ComputedRelationship, ...]]
    functions: Mapping[QualifiedName, tuple[Function, ...]]
    enums: Mapping[QualifiedName, tuple[str, ...]] = field(default_factory=dict)
    policies: Mapping[QualifiedName, tuple[Policy, ...]] = field(default_factory=dict)
    grants: Mapping[QualifiedName, tuple[Grant, ...]] = field(default_factory=dict)
    schema_comments: Mapping[str, str] = field(default_factory=dict)
    representations: Mapping[str, DomainRepresentation] = field(default_factory=dict)
    timezones: frozenset[str] = frozenset()
    media_handlers: Mapping[tuple[QualifiedName | None, str], QualifiedName] = field(default_factory=dict)
    """Aggregates that write rows in a media type of their own, by relation (None: any rows) and media type."""
    role_settings: Mapping[str, RoleSettings] = field(default_factory=dict)
    path: SearchPath = SearchPath()
