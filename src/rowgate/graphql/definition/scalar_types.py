"""The dialect's scalars, with pg_graphql's descriptions."""

from __future__ import annotations

from rowgate.graphql.entities import Scalar
from rowgate.graphql.schema import ScalarType

_DESCRIPTIONS = {
    Scalar.ID: "A globally unique identifier for a given record",
    Scalar.INT: "A scalar integer up to 32 bits",
    Scalar.FLOAT: "A scalar floating point value up to 32 bits",
    Scalar.STRING: "A string",
    Scalar.BOOLEAN: "A value that is true or false",
    Scalar.DATE: "A date without time information",
    Scalar.TIME: "A time without date information",
    Scalar.DATETIME: "A date and time",
    Scalar.BIG_INT: "An arbitrary size integer represented as a string",
    Scalar.UUID: "A universally unique identifier",
    Scalar.JSON: "A Javascript Object Notation value serialized as a string",
    Scalar.CURSOR: "An opaque string using for tracking a position in results during pagination",
    Scalar.BIG_FLOAT: "A high precision floating point value represented as a string",
    Scalar.OPAQUE: "Any type not handled by the type system",
}

SCALAR_TYPES = tuple(ScalarType(scalar.value, description) for scalar, description in _DESCRIPTIONS.items())
