"""Plugins are found, read in separate processes, and cached; the first plugin with a name keeps it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lvzoo import plugins
from lvzoo.errors import PluginError, UsageError
from tests.made_plugins import FAMILY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HANGS = "import time\ntime.sleep(600)"


def _found(name: str, distribution: str | None = None) -> plugins.Plugin:
    [plugin] = [
        each
        for each in plugins.find_plugins()
        if each.name == name and each.distribution == (distribution or f"{name}-dist")
    ]
    return plugin


def test_bundled_plugins_come_first_and_core_before_all() -> None:
    found = plugins.find_plugins()
    assert found[0].name == "core"
    assert {"core", "unet", "landmarks"} <= {plugin.name for plugin in found if plugin.bundled}
    assert [plugin.fault for plugin in found if plugin.bundled] == [None] * len(
        [p for p in found if p.bundled]
    )


def test_third_party_plugin_has_everything_that_it_declares(install_plugin: Callable[..., Path]) -> None:
    install_plugin("ellipse", FAMILY.format(name="ellipse"), version="2.5")
    plugin = _found("ellipse")
    [family] = plugin.declared.families
    assert (plugin.fault, plugin.version, plugin.declared.hooks) == (None, "2.5", ("lvzoo_families",))
    assert family.options["width"].choices == (8, 16)
    assert family.requires == ("no_such_module",)


def test_installed_and_removed_plugins_are_noticed_at_once(install_plugin: Callable[..., Path]) -> None:
    before = [plugin.name for plugin in plugins.find_plugins()]
    code = install_plugin("newcomer", FAMILY.format(name="newcomer"), version="2.0")
    assert _found("newcomer").version == "2.0"
    info = code.parents[1] / "newcomer_dist-2.0.dist-info"
    info.rename(info.with_suffix(".off"))
    assert [plugin.name for plugin in plugins.find_plugins()] == before


def test_hanging_plugin_costs_the_time_limit_once(
    install_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins.find_plugins()
    monkeypatch.setenv("LVZOO_PLUGIN_TIMEOUT_S", "0.5")
    install_plugin("hangs", HANGS)
    assert "hangs on import (no answer in 0.5 s)" in (_found("hangs").fault or "")
    start = time.perf_counter()
    assert "hangs on import" in (_found("hangs").fault or "")
    assert time.perf_counter() - start < 0.4


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan"])
def test_time_limit_must_be_a_number_above_0(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVZOO_PLUGIN_TIMEOUT_S", text)
    with pytest.raises(UsageError, match="must be a number of seconds above 0"):
        plugins.find_plugins()


def test_plugin_is_neither_imported_here_nor_read_twice(
    install_plugin: Callable[..., Path], tmp_path: Path
) -> None:
    diary = tmp_path / "diary"
    code = f"open({str(diary)!r}, 'a').write('x')\nprint('noise on stdout')\n" + FAMILY.format(name="shy")
    install_plugin("shy", code)
    assert _found("shy").fault is None
    assert _found("shy").declared.families[0].name == "shy"
    assert diary.read_text() == "x"
    assert "shy_dist" not in sys.modules


def test_edited_plugin_is_read_again(install_plugin: Callable[..., Path]) -> None:
    file = install_plugin("edited", "import no_such_module_here")
    assert _found("edited").fault
    file.write_text(FAMILY.format(name="edited"))
    os.utime(file, ns=(1, 1))
    assert _found("edited").fault is None
    file.write_text(FAMILY.format(name="renamed"))
    os.utime(file, ns=(2, 2))
    assert _found("edited").declared.families[0].name == "renamed"


def test_installing_a_missing_module_repairs_a_plugin(install_plugin: Callable[..., Path]) -> None:
    file = install_plugin("needy", "import late_arrival\n" + FAMILY.format(name="needy"))
    assert "install 'late_arrival'" in (_found("needy").fault or "")
    (file.parents[1] / "late_arrival.py").write_text("")
    assert _found("needy").fault is None


def test_heavy_import_is_allowed_and_noted(install_plugin: Callable[..., Path]) -> None:
    file = install_plugin("heavy", "import torch\n" + FAMILY.format(name="heavy"))
    (file.parents[1] / "torch.py").write_text("")
    assert _found("heavy").fault is None
    assert _found("heavy").declared.heavy == ("torch",)
    assert _found("unet", "lvzoo").declared.heavy == ()


def test_repeated_plugin_name_loses_to_the_bundled_one_and_then_to_the_first(
    install_plugin: Callable[..., Path],
) -> None:
    install_plugin("unet", FAMILY.format(name="other"), distribution="intruder")
    install_plugin("twin", FAMILY.format(name="twin-b"), distribution="b")
    install_plugin("twin", FAMILY.format(name="twin-a"), distribution="a")
    assert "repeats the plugin name 'unet' of plugin 'unet' from lvzoo" in (
        _found("unet", "intruder").fault or ""
    )
    assert _found("unet", "lvzoo").fault is None
    assert _found("twin", "a").fault is None
    assert "repeats the plugin name 'twin' of plugin 'twin' from a" in (_found("twin", "b").fault or "")


def test_environment_chooses_plugins(
    install_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install_plugin("extra", FAMILY.format(name="extra"))
    monkeypatch.setenv("LVZOO_DISABLE_PLUGINS", "extra, core, not-installed, landmrks")
    assert "disabled by LVZOO_DISABLE_PLUGINS" in (_found("extra").fault or "")
    assert "no plugin 'not-installed' is installed" in caplog.text
    assert "no plugin 'landmrks' is installed (did you mean 'landmarks'?)" in caplog.text
    assert "'core'" not in caplog.text
    assert _found("core", "lvzoo").fault is None
    monkeypatch.delenv("LVZOO_DISABLE_PLUGINS")
    monkeypatch.setenv("LVZOO_PLUGINS", "extra")
    working = [plugin.name for plugin in plugins.find_plugins() if not plugin.fault]
    assert working == ["core", "extra"]
    monkeypatch.setenv("LVZOO_PLUGINS", "extr")
    with pytest.raises(UsageError, match=r"no plugin 'extr' is installed \(did you mean 'extra'"):
        plugins.find_plugins()


def test_cache_that_cannot_be_written_or_read_costs_only_time(
    install_plugin: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install_plugin("plain", FAMILY.format(name="plain"))
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    monkeypatch.setenv("LVZOO_CACHE", str(blocked))
    assert _found("plain").fault is None
    assert f"{blocked}: the cache cannot be written" in caplog.text
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    assert _found("plain").fault is None
    for file in (tmp_path / "cache" / "plugins").iterdir():
        file.write_text(json.dumps({"key": "stale"}))
    assert _found("plain").fault is None


def test_resolve_names_the_reason_and_keeps_the_cause(install_plugin: Callable[..., Path]) -> None:
    install_plugin("quits", "import sys; sys.exit(1)")
    assert plugins.resolve("lvzoo.errors:PluginError.exit_code") == 3
    with pytest.raises(PluginError, match=r"no_such_package.*install 'no_such_package'") as raised:
        plugins.resolve("no_such_package.model:Net")
    assert isinstance(raised.value.__cause__, ModuleNotFoundError)
    with pytest.raises(PluginError, match="has no attribute 'Nett'"):
        plugins.resolve("lvzoo.errors:Nett")
    with pytest.raises(PluginError, match="SystemExit"):
        plugins.resolve("quits_dist:Net")


def test_only_plugins_with_a_notification_hook_are_imported_and_notified(
    install_plugin: Callable[..., Path],
) -> None:
    install_plugin("silent", FAMILY.format(name="silent"))
    install_plugin(
        "listener",
        "from lvzoo import hookimpl\nheard = []\n@hookimpl\ndef lvzoo_epoch_finished(epoch): heard.append(epoch)",
    )
    manager = plugins.hook_manager(plugins.find_plugins())
    manager.hook.lvzoo_epoch_finished(trial=None, epoch=4, train_loss=0.5, val_dice=0.9)
    assert plugins.resolve("listener_dist:heard") == [4]
    assert "silent_dist" not in sys.modules


def test_interruption_ends_the_processes_that_read_plugins(
    install_plugin: Callable[..., Path], tmp_path: Path
) -> None:
    diary = tmp_path / "pid"
    install_plugin("hangs", f"import os\nopen({str(diary)!r}, 'w').write(str(os.getpid()))\n{HANGS}")
    code = "from lvzoo.cli import main; raise SystemExit(main())"
    with subprocess.Popen([sys.executable, "-c", code, "list"], stdout=subprocess.DEVNULL) as listing:
        _wait_for(lambda: diary.exists() and diary.read_text() != "")
        listing.send_signal(signal.SIGINT)
        assert listing.wait(timeout=10) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(diary.read_text()), 0)


def _wait_for(condition: Callable[[], bool], limit_s: float = 30) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_errors_of_resolve_suggest_a_correction(
    install_plugin: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = "print('hello')\nclass StarNet:\n    pass\n"
    install_plugin("star", FAMILY.format(name="star"), files={"model.py": model})
    assert plugins.resolve("star_dist.model:StarNet")
    assert capsys.readouterr().out == "", "stdout is data"
    with pytest.raises(PluginError, match=r"correct the name in its factory \(did you mean 'StarNet'"):
        plugins.resolve("star_dist.model:StarNt")
    with pytest.raises(PluginError, match=r"correct the name 'star_dist.modle' in the plugin"):
        plugins.resolve("star_dist.modle:StarNet")
    with pytest.raises(PluginError, match=r"install 'no_such_package'"):
        plugins.resolve("no_such_package.model:Net")
