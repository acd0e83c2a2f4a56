"""Name the tables that a run left, and read each when somebody asks for it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .run_tables import SCHEMAS
from .run_tables_of_air import BYTES, COUNT, NUMBER, TEXT

if TYPE_CHECKING:
    import pandas as pd


class RunTables:
    """Tables in a folder."""

    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        """Read a table; one that the run did not leave (or did not finish) is empty."""
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.folder / f"{name}.parquet"
        try:
            table: pd.DataFrame = pq.read_table(path).to_pandas()
        except (FileNotFoundError, pa.ArrowInvalid):  # never begun, or the process was killed before the footer
            kinds = {TEXT: "str", NUMBER: "float64", COUNT: "int64", BYTES: "object"}
            table = pd.DataFrame({column: pd.Series(dtype=kinds[kind]) for column, kind in SCHEMAS[name].items()})
        return table

    @cached_property
    def trips(self) -> pd.DataFrame:
        """One row per trip."""
        return self.table("trips")

    @cached_property
    def links(self) -> pd.DataFrame:
        """One row per link and interval."""
        return self.table("links")

    @cached_property
    def network(self) -> pd.DataFrame:
        """The whole network over time."""
        return self.table("network")

    @cached_property
    def events(self) -> pd.DataFrame:
        """What happened when."""
        return self.table("events")

    @cached_property
    def locks(self) -> pd.DataFrame:
        """Rings of queues that held each other up."""
        return self.table("locks")

    @cached_property
    def stuck(self) -> pd.DataFrame:
        """Vehicles that did not move any more, with place and cause."""
        return self.table("stuck")

    @cached_property
    def stops(self) -> pd.DataFrame:
        """Calls of buses at stops."""
        return self.table("stops")

    @cached_property
    def sensors(self) -> pd.DataFrame:
        """Readings of the detectors."""
        return self.table("sensors")

    @cached_property
    def equilibrium(self) -> pd.DataFrame:
        """How people got used to the streets, an iteration a row; empty where they choose on the day itself."""
        return self.table("equilibrium")

    @cached_property
    def walks(self) -> pd.DataFrame:
        """One row per walk; empty where nobody walks, as the two tables below."""
        return self.table("walks")

    @cached_property
    def walk_links(self) -> pd.DataFrame:
        """One row per link of the walk network and interval in which somebody was on it."""
        return self.table("walk_links")

    @cached_property
    def crowd(self) -> pd.DataFrame:
        """How dense people stood and walked, place by place and interval by interval; empty without a crowd monitor."""
        return self.table("crowd")

    @cached_property
    def patches(self) -> pd.DataFrame:
        """Squares in which people walked in the plane; empty where there were none, as the table below."""
        return self.table("patches")

    @cached_property
    def patch_squares(self) -> pd.DataFrame:
        """How dense people were in the squares of patches, interval by interval."""
        return self.table("patch_squares")

    @cached_property
    def walk_streets(self) -> pd.DataFrame:
        """The links of the walk network with their geometry (WKB)."""
        return self.table("walk_streets")

    @cached_property
    def evacuees(self) -> pd.DataFrame:
        """One row per person of an evacuation; empty where there is none, as the six tables below."""
        return self.table("evacuees")

    @cached_property
    def evacuation(self) -> pd.DataFrame:
        """Who of every zone has left and is safe, over time."""
        return self.table("evacuation")

    @cached_property
    def evacuation_zones(self) -> pd.DataFrame:
        """How long it took to clear every zone."""
        return self.table("evacuation_zones")

    @cached_property
    def shelters(self) -> pd.DataFrame:
        """Who came to every shelter and exit."""
        return self.table("shelters")

    @cached_property
    def shelter_times(self) -> pd.DataFrame:
        """How full every shelter was, over time."""
        return self.table("shelter_times")

    @cached_property
    def stranded(self) -> pd.DataFrame:
        """Who set out and is not safe at the end, with place and cause."""
        return self.table("stranded")

    @cached_property
    def bottlenecks(self) -> pd.DataFrame:
        """Where people lost most time."""
        return self.table("bottlenecks")

    @cached_property
    def air_watch(self) -> pd.DataFrame:
        """What every warning of bad air saw over time; empty without `air_warnings`, as the table below."""
        return self.table("air_watch")

    @cached_property
    def air_events(self) -> pd.DataFrame:
        """Levels raised and lowered, and data that stopped and came back."""
        return self.table("air_events")

    @cached_property
    def hazards(self) -> pd.DataFrame:
        """How every hazard stood over time; empty without hazards, as the four tables below."""
        return self.table("hazards")

    @cached_property
    def hazard_links(self) -> pd.DataFrame:
        """Links that hazards were on, at moments."""
        return self.table("hazard_links")

    @cached_property
    def exposure(self) -> pd.DataFrame:
        """One row per person and hazard that reached them."""
        return self.table("exposure")

    @cached_property
    def trapped(self) -> pd.DataFrame:
        """Who could not go on at the end for a hazard, with place and cause."""
        return self.table("trapped")

    @cached_property
    def casualties(self) -> pd.DataFrame:
        """Whom hazards incapacitated, with place, time and cause."""
        return self.table("casualties")

    @cached_property
    def gas_times(self) -> pd.DataFrame:
        """People in gas over time; empty without any, as the four tables below."""
        return self.table("gas_times")

    @cached_property
    def gas_people(self) -> pd.DataFrame:
        """What everybody breathed of gas."""
        return self.table("gas_people")

    @cached_property
    def gas_zones(self) -> pd.DataFrame:
        """Casualties of gas by zone."""
        return self.table("gas_zones")

    @cached_property
    def gas_arrivals(self) -> pd.DataFrame:
        """When gas came to streets and zones."""
        return self.table("gas_arrivals")

    @cached_property
    def gas_map(self) -> pd.DataFrame:
        """When gas came where, and how dense it got, on squares."""
        return self.table("gas_map")

    @cached_property
    def air_receptors(self) -> pd.DataFrame:
        """Concentrations at receptors over time; empty where nobody asks for the air, as the eight tables below."""
        return self.table("air_receptors")

    @cached_property
    def air_places(self) -> pd.DataFrame:
        """Where the receptors are."""
        return self.table("air_places")

    @cached_property
    def air_canyons(self) -> pd.DataFrame:
        """Streets with houses on both sides: how wide, how high, and whether they are canyons."""
        return self.table("air_canyons")

    @cached_property
    def air_links(self) -> pd.DataFrame:
        """What traffic emitted on every link over time."""
        return self.table("air_links")

    @cached_property
    def air_sources(self) -> pd.DataFrame:
        """What each vehicle class and each source emitted over time."""
        return self.table("air_sources")

    @cached_property
    def air_shares(self) -> pd.DataFrame:
        """Whose the concentrations are, over the whole run."""
        return self.table("air_shares")

    @cached_property
    def air_above(self) -> pd.DataFrame:
        """Who had how much of a pollutant by hour, and for how long more than its limit."""
        return self.table("air_above")

    @cached_property
    def air_doses(self) -> pd.DataFrame:
        """What everybody on the streets breathed."""
        return self.table("air_doses")

    @cached_property
    def air_weather(self) -> pd.DataFrame:
        """States of the weather, with what was derived of them."""
        return self.table("air_weather")

    @cached_property
    def calls(self) -> pd.DataFrame:
        """One row per call for help; empty without responders, as the table below."""
        return self.table("calls")

    @cached_property
    def response_units(self) -> pd.DataFrame:
        """One row per ambulance or fire engine."""
        return self.table("response_units")

    @cached_property
    def streets(self) -> pd.DataFrame:
        """The links of the network with their geometry (WKB)."""
        return self.table("streets")
