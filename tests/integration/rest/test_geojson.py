"""GeoJSON, with a PostGIS that is real: Debian's, in a PostgreSQL 15 of these tests' own.

https://docs.postgrest.org/en/v14/how-tos/working-with-postgresql-data-types.html (PostGIS)
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from rowgate.postgres.catalog.records import Catalog
from tests.integration.modes.cluster import BIN, Cluster, initialise
from tests.integration.rest.conftest import loaded_catalog, made_database, opened
from tests.integration.rest.shop import Client

pytestmark = pytest.mark.anyio

GEOJSON = "application/geo+json"
POSTGIS = Path("/usr/share/postgresql/15/extension/postgis.control")
PARKS = """
create schema extensions;
create extension postgis with schema extensions;
set search_path = public, extensions;
create table parks (id int primary key, name text, place geometry(point, 4326));
create table benches (
  id int primary key, park_id int references parks, place geometry(point, 4326), shade geometry(polygon, 4326));
create table gardeners (id int primary key, name text);
create function park(wanted int) returns setof parks stable language sql as
  $$ select * from parks where id = wanted $$;
insert into parks values (1, 'North', 'SRID=4326;POINT(10.5 59.25)'), (2, 'South', 'SRID=4326;POINT(10.75 59)');
insert into benches values
  (1, 1, 'SRID=4326;POINT(1 2)', 'SRID=4326;POLYGON((0 0,0 1,1 1,0 0))'), (2, 1, 'SRID=4326;POINT(3 4)', null);
insert into gardeners values (1, 'Gil');
grant usage on schema public, extensions to anon, authenticated;
grant select, insert, update, delete on all tables in schema public to authenticated;
"""
NORTH = {"type": "Point", "coordinates": [10.5, 59.25]}
SOUTH = {"type": "Point", "coordinates": [10.75, 59]}
WGS84 = {"type": "name", "properties": {"name": "EPSG:4326"}}


def feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


@pytest.fixture(scope="module")
def parks_url() -> Iterator[str]:
    """A superuser's URL of a database with PostGIS in it."""
    if not (BIN / "pg_ctl").exists() or not POSTGIS.exists():
        pytest.skip("PostgreSQL 15 of Debian is not installed, or not its PostGIS")
    folder = Path(tempfile.mkdtemp(prefix="rowgate-geojson-"))
    folder.chmod(0o755)
    initialise(folder)
    cluster = Cluster(folder)
    cluster.start()
    try:
        with made_database(cluster.superuser, PARKS) as url:
            yield url
    finally:
        cluster.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def parks_catalog(parks_url: str) -> Catalog:
    return loaded_catalog(parks_url)


@pytest.fixture
async def parks(parks_url: str, parks_catalog: Catalog, anyio_backend: str) -> AsyncIterator[Client]:
    async with opened(parks_url) as database:
        yield Client(database, parks_catalog).under(db_tx_end="rollback")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/parks?order=id", collection(feature(NORTH, id=1, name="North"), feature(SOUTH, id=2, name="South"))),
        ("/parks?id=gt.2", collection()),
        ("/parks?select=id,place&id=eq.2", collection(feature(SOUTH, id=2))),
        ("/rpc/park?wanted=1&select=name,place", collection(feature(NORTH, name="North"))),
        ("/benches?select=id,place&id=eq.1", collection(feature({"type": "Point", "coordinates": [1, 2]}, id=1))),
        (
            "/benches?select=id,shade&id=eq.1",
            collection(feature({"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}, id=1)),
        ),
        ("/benches?select=id,shade&id=eq.2", collection(feature({"type": None}, id=2))),
        (
            "/parks?select=*,benches(id,place)&id=eq.1&benches.id=eq.2",
            collection(
                feature(
                    NORTH,
                    id=1,
                    name="North",
                    benches=[{"id": 2, "place": {"type": "Point", "crs": WGS84, "coordinates": [3, 4]}}],
                )
            ),
        ),
    ],
)
async def test_rows_are_features_of_one_collection(parks: Client, target: str, expected: dict[str, Any]) -> None:
    answer = await parks("GET", target, accept=GEOJSON)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/geo+json; charset=utf-8")
    assert answer.json == expected


@pytest.mark.parametrize(
    ("method", "target", "body", "expected"),
    [
        (
            "POST",
            "/parks",
            {"id": 3, "name": "East", "place": "SRID=4326;POINT(11 60)"},
            feature({"type": "Point", "coordinates": [11, 60]}, id=3, name="East"),
        ),
        ("PATCH", "/parks?id=eq.2", {"name": "Deep South"}, feature(SOUTH, id=2, name="Deep South")),
        ("PUT", "/parks?id=eq.2", {"id": 2, "name": "Far South"}, feature(SOUTH, id=2, name="Far South")),
        ("DELETE", "/parks?id=eq.2", None, feature(SOUTH, id=2, name="South")),
    ],
)
async def test_what_a_write_returns_can_be_features(
    parks: Client, method: str, target: str, body: Any, expected: dict[str, Any]
) -> None:
    answer = await parks(method, target, body, accept=GEOJSON, prefer="return=representation")
    assert (answer.status, answer.headers["content-type"]) == (
        201 if method == "POST" else 200,
        "application/geo+json; charset=utf-8",
    )
    assert answer.json == collection(expected)


async def test_a_geometry_in_json_is_geojson_with_its_reference_system(parks: Client) -> None:
    answer = await parks("GET", "/parks?id=eq.1&select=place")
    assert answer.json == [{"place": {"type": "Point", "crs": WGS84, "coordinates": [10.5, 59.25]}}]


async def test_rows_without_a_geometry_are_no_features(parks: Client) -> None:
    for target in ("/gardeners", "/parks?select=id"):
        answer = await parks("GET", target, accept=GEOJSON)
        assert (answer.status, answer.json["code"]) == (400, "22023")
        assert answer.json["message"] == "geometry column is missing"


async def test_a_postgis_outside_of_the_search_path_is_not_found(parks: Client) -> None:
    answer = await parks.under(db_extra_search_path=("public",))("GET", "/parks?id=eq.1", accept=GEOJSON)
    assert (answer.status, answer.json["code"]) == (404, "42883")
