"""Every GPU kernel compiles for A100 and H100, spills nothing, and rounds as a CPU does. Needs no GPU."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

import pytest
from traffic_case import make_trips

from citytwin.agents.fleet import build_fleet
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.scenario import Drivers
from citytwin.scenarios.synthetic import grid_city

if TYPE_CHECKING:
    from citytwin.kernels.cuda_resources import Resources

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("numba_cuda") is None, reason="needs: pip install 'citytwin[cuda12]' (no GPU)"
    ),
]
KERNELS = (
    *("advance_signals", "note_promises", "decide_junctions", "let_all_arrive", "serve_links", "follow_lanes"),
    *("advance_lanes", "leave_streets", "enter_streets", "end_step", "add_up_counters"),
    *("take_column", "put_column"),
)


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], Resources]:
    from citytwin.kernels.cuda_resources import resources_of

    network = build_network(grid_city(3, 3))
    ids = network.links.id
    fleet = build_fleet(network, make_trips(network, [("t", 0.0, ids[0], ids[1])]), Drivers())
    return {(one.kernel, one.architecture): one for one in resources_of(fleet.cities)}


def test_no_kernel_is_missing(found):
    assert {kernel for kernel, _ in found} == set(KERNELS)


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_keeps_its_numbers_in_registers(found, kernel, architecture):
    one = found[kernel, architecture]
    assert 0 < one.registers <= 255
    assert one.spilled_bytes == 0
    assert one.stack_bytes == 0


@pytest.mark.parametrize("kernel", KERNELS)
def test_nothing_is_rounded_once_that_the_cpu_rounds_twice(found, kernel):
    assert not re.search(r"\bfma\.", found[kernel, "sm_90"].ptx)


@pytest.mark.parametrize("kernel", ["advance_lanes", "enter_streets", "add_up_counters"])
def test_rows_that_meet_add_atomically(found, kernel):
    assert re.search(r"\b(atom|red)\.\S*add\.[us]\d", found[kernel, "sm_90"].ptx)


def test_no_floating_number_is_added_atomically(found):
    assert not any(re.search(r"\b(atom|red)\.\S*\.f\d", one.ptx) for one in found.values())


@pytest.fixture(scope="module")
def of_air() -> list[Resources]:
    from citytwin.kernels.cuda_resources import air_resources_of

    return air_resources_of()


def test_dispersion_compiles_and_spills_nothing(of_air):
    """Its exponentials are the device's own, which fuse; the grid has none and rounds as a CPU does."""
    assert {one.kernel for one in of_air} == {
        *("pair_lines", "place_plume", "place_puff", "place_timed", "place_canyons"),
        *("move_cells_east", "move_cells_north", "settle_cells"),
    }
    for one in of_air:
        assert 0 < one.registers <= 255, one.kernel
        assert one.spilled_bytes == 0, one.kernel
        if one.kernel.startswith(("move", "settle")):
            assert not re.search(r"\bfma\.", one.ptx), one.kernel


def test_calibration_compiles_and_rounds_as_a_cpu_does():
    from citytwin.kernels.cuda_resources import calibration_resources_of

    found = calibration_resources_of()
    assert {one.kernel for one in found} == {
        *("weigh_readings", "average_distances", "count_passings", "find_unexplained", "mend_slopes"),
    }
    for one in found:
        assert 0 < one.registers <= 255, one.kernel
        assert one.spilled_bytes == 0, one.kernel
        assert not re.search(r"\bfma\.", one.ptx), one.kernel
        assert not re.search(r"\b(atom|red)\.\S*\.f\d", one.ptx), one.kernel
    assert any(re.search(r"\b(atom|red)\.\S*add\.[us]\d", one.ptx) for one in found)


def test_the_compiler_would_fuse_if_it_were_let():
    """So the tests above can fail: told nothing, libNVVM makes one instruction of a product and a sum."""
    from numba import cuda, float64
    from numba.cuda import codegen

    import citytwin.kernels.cuda_kernels  # noqa: F401  # sets the compiler up

    def kernel(x, out):
        out[0] = x[0] * x[1] + x[2]

    signature = float64[::1], float64[::1]
    assert not re.search(r"\bfma\.", cuda.compile_ptx(kernel, signature, cc=(9, 0))[0])
    careful = codegen.nvvm.compile_ir
    codegen.nvvm.compile_ir = careful.__wrapped__
    try:
        assert re.search(r"\bfma\.", cuda.compile_ptx(kernel, signature, cc=(9, 0))[0])
    finally:
        codegen.nvvm.compile_ir = careful
