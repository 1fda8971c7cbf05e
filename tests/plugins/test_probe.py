"""A plugin that cannot be read is quarantined with a one-line reason that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lvzoo.plugins import find_plugins
from tests.made_plugins import FAMILY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FAULTS = {
    "raises": ("import no_such_module_here", "install 'no_such_module_here'"),
    "raises-value": (
        "raise ValueError('two\\nlines')",
        "ValueError: two lines (raises_value_dist/__init__.py, line 1)",
    ),
    "syntax": ("def broken(:", "SyntaxError"),
    "exits": ("import sys; sys.exit(3)", "calls sys.exit(3) on import"),
    "interrupts": ("raise KeyboardInterrupt", "raises on import: KeyboardInterrupt"),
    "ends": ("import os; os._exit(0)", "ends its process (exit status 0)"),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "crashes its process (SIGKILL)"),
    "misspelt": (
        "from lvzoo import hookimpl\n@hookimpl\ndef lvzoo_familys(): return []",
        "unknown hook 'lvzoo_familys' (did you mean 'lvzoo_families'?)",
    ),
    "arguments": (
        "from lvzoo import hookimpl\n@hookimpl\ndef lvzoo_epoch_finished(trial, epochs): ...",
        "lvzoo_epoch_finished takes an unknown argument 'epochs' (did you mean 'epoch'?)",
    ),
    "unmarked": ("def lvzoo_families(): return []", "put @lvzoo.hookimpl above it"),
    "hookless": ("x = 1", "implements no hook"),
    "version": (
        "LVZOO_HOOKSPEC_VERSION = 2",
        "asks for hookspec version 2 and this lvzoo has 1; update lvzoo",
    ),
    "wrong-type": (
        "from lvzoo import hookimpl\n@hookimpl\ndef lvzoo_families(): return ['unet']",
        "lvzoo_families returns a str instead of a Family",
    ),
    "nothing": (
        "from lvzoo import hookimpl\n@hookimpl\ndef lvzoo_families(): pass",
        "lvzoo_families returns a NoneType instead of a list of records",
    ),
    "hook-raises": (
        "from lvzoo import hookimpl\n@hookimpl\ndef lvzoo_families(): 1 / 0",
        "lvzoo_families raises ZeroDivisionError: division by zero (hook_raises_dist/__init__.py, line 3)",
    ),
    "wrong-kind": (
        FAMILY.format(name="net").replace('"mask"', '"points"'),
        "kind must be 'mask' or 'landmark'",
    ),
    "wrong-default": (
        FAMILY.format(name="net").replace("=8", "=9"),
        "the default must be one of 8, 16, not 9",
    ),
    "wrong-mark": (
        FAMILY.format(name="net").replace("choices=(8, 16)", "training_only='yes'"),
        "option 'width': training_only must be True or False",
    ),
    "wrong-trainable": (
        FAMILY.format(name="net").replace('kind="mask"', 'kind="mask", trainable="no"'),
        "trainable must be True or False, not 'no'",
    ),
    "wrong-factory": (
        FAMILY.format(name="net").replace("model:", "model."),
        "must be 'package.module:Class'",
    ),
    "wrong-name": (FAMILY.format(name="My Net"), "must be lower-case letters"),
    "relative": (
        "import lvzoo, pathlib\n@lvzoo.hookimpl\ndef lvzoo_catalogues(): return [pathlib.Path('a/mine.yaml')]",
        "returns the relative path 'a/mine.yaml'; write Path(__file__).with_name('mine.yaml')",
    ),
    "repeats-family": (FAMILY.format(name="unet"), "repeats the family 'unet' of plugin 'unet'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_broken_plugin_is_quarantined_with_its_reason(name: str, install_plugin: Callable[..., Path]) -> None:
    code, reason = FAULTS[name]
    install_plugin(name, code)
    plugins = find_plugins()
    [fault] = [plugin.fault for plugin in plugins if plugin.distribution == f"{name}-dist"]
    assert fault is not None
    assert reason in fault
    assert "\n" not in fault
    assert not any(plugin.fault for plugin in plugins if plugin.bundled)
