"""Holds the zoo: the entries of every working plugin's catalogue, and the quarantined plugins.

`open_zoo` joins what plugins declare (`lvzoo.plugins`) with the catalogues (`lvzoo.registry.catalogue`). A mistake in
a plugin's catalogue quarantines that plugin; a mistake in the user's own file is a `UsageError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lvzoo.arguments import check_path, list_paths
from lvzoo.errors import DataError, PluginError, UsageError, choose, did_you_mean, name_some
from lvzoo.plugins import find_plugins
from lvzoo.registry.catalogue import Absent, Offer, make_default_entry, read_catalogue
from lvzoo.registry.data_options import DataReader, check_layouts_are_used, read_data_options
from lvzoo.types import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lvzoo.interfaces import Dataset
    from lvzoo.plugins import Plugin
    from lvzoo.types import DatasetSource, NoiseSource, OptionValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Zoo:
    """Everything that is installed. The `entries` are in the order of their catalogues, the bundled one first.

    `absent` holds the entries whose family is missing because its plugin is quarantined.
    """

    entries: tuple[Entry, ...]
    absent: tuple[Absent, ...]
    plugins: tuple[Plugin, ...]

    @property
    def quarantined(self) -> tuple[Plugin, ...]:
        """The plugins that are not used; each has a `fault`."""
        return tuple(plugin for plugin in self.plugins if plugin.fault)

    @property
    def datasets(self) -> tuple[DatasetSource, ...]:
        """The data set layouts that can be read."""
        return tuple(source for plugin in self._working() for source in plugin.declared.datasets)

    @property
    def noises(self) -> tuple[NoiseSource, ...]:
        """The installed noise suites."""
        return tuple(source for plugin in self._working() for source in plugin.declared.noises)

    def select(self, patterns: str | Iterable[str]) -> tuple[Entry, ...]:
        """Return the entries that the names and globs select, each once, in the order of the patterns.

        `patterns` is one text or several; commas separate the patterns in a text.

        Raises:
            UsageError: there is no pattern.
            PluginError: a name is unknown, its plugin is quarantined, or a glob matches nothing.
        """
        texts = map(str, list_paths(patterns, "entries"))
        wanted = [pattern.strip() for text in texts for pattern in text.split(",") if pattern.strip()]
        if not wanted:
            raise UsageError("no entry is named; 'lvzoo list' shows all entries")
        chosen = {entry.name: entry for pattern in wanted for entry in self._matching(pattern)}
        return tuple(chosen.values())

    def select_one(self, name: str) -> Entry:
        """Return the one entry that a name or glob selects.

        Raises:
            UsageError: it selects several entries.
            PluginError: it selects none.
        """
        chosen = self.select(name)
        if len(chosen) != 1:
            names = name_some([each.name for each in chosen])
            raise UsageError(f"{name!r} names {len(chosen)} entries; name one of {names}")
        return chosen[0]

    def missing(self, entry: Entry) -> tuple[str, ...]:
        """Return the modules that the entry's family requires but that are not installed; imports none of them."""
        return tuple(name for name in entry.family.requires if not _is_installed(name))

    def plugin(self, name: str) -> Plugin:
        """Return the installed plugin of that name; UsageError if there is none."""
        return choose(name, {plugin.name: plugin for plugin in reversed(self.plugins)}, "plugin")

    def noise(self, name: str) -> NoiseSource:
        """Return the noise suite of that name; UsageError if there is none."""
        return choose(name, {source.name: source for source in self.noises}, "noise suite")

    def dataset_for(self, folder: Path) -> DatasetSource:
        """Return the layout whose markers are all in the folder; if there are several, the one with most markers.

        Raises:
            DataError: there is no such folder, or no layout fits: says what the nearest layout lacks, or what each
                layout needs.
        """
        if not folder.is_dir():
            what = "is a file, not a folder" if folder.exists() else "no such folder"
            raise DataError(f"{folder}: {what}; name the folder that holds the data set")
        missing = {
            source: [marker for marker in source.markers if not (folder / marker).exists()]
            for source in sorted(self.datasets, key=lambda source: -len(source.markers))
        }
        for source, markers in missing.items():
            if not markers:
                return source
        if not missing:
            raise DataError(f"{folder}: no plugin reads data sets; 'lvzoo list' shows why")
        raise DataError(
            f"{folder}: is not a data set that lvzoo can read; {_describe_lack(missing)}"
            f"{_find_other_case(folder, missing)} "
            "(`lvzoo predict` reads clips without tracings)"
        )

    def open_dataset(self, folder: Path, options: Mapping[str, OptionValue] | None = None) -> Dataset:
        """Return the data set in a folder, the only one of a command that has these data options.

        Raises:
            DataError: there is no such folder, or no layout fits.
            UsageError: an option or its value is unknown, or belongs to another layout.
        """
        given = read_data_options(self.datasets, options)
        layout = self.dataset_for(folder)
        check_layouts_are_used(given, [layout.name])
        return DataReader.of(layout, given).open(folder)

    def _working(self) -> list[Plugin]:
        return [plugin for plugin in self.plugins if not plugin.fault]

    def _matching(self, pattern: str) -> list[Entry]:
        found = [entry for entry in self.entries if fnmatchcase(entry.name, pattern)]
        if found:
            return found
        raise self.explain_missing(pattern)

    def explain_missing(self, name: str) -> PluginError:
        """Return the error for a name that is not a usable entry, or for a glob that matches none."""
        for plugin in self.quarantined:
            if name == plugin.name or name in {family.name for family in plugin.declared.families}:
                return PluginError(
                    f"{name!r} belongs to plugin {plugin.name!r}, which is quarantined: {plugin.fault}"
                )
        for entry in self.absent:
            if entry.name == name:
                reasons = "; ".join(f"{plugin.name}: {plugin.fault}" for plugin in self.quarantined)
                return PluginError(
                    f"{name!r} needs the family {entry.family!r}, which no working plugin offers; "
                    f"quarantined: {reasons}"
                )
        unused = "; ".join(f"{plugin.name} ({plugin.fault})" for plugin in self.quarantined)
        unless = f"; it may belong to a plugin that is not used: {unused}" if unused else ""
        what = "no entry matches" if any(character in name for character in "*?[") else "unknown entry"
        return PluginError(f"{what} {name!r}{self._hint(name)}; 'lvzoo list' shows all entries{unless}")

    def _hint(self, name: str) -> str:
        """Return what the user may have meant: the entries of the plugin or family of that name, or close names."""
        theirs = [each.name for each in self.entries if name in (each.plugin, each.family.name)]
        if theirs:
            what = "plugin" if any(plugin.name == name for plugin in self.plugins) else "family"
            return f", which is a {what}: its entries are {name_some(theirs)}"
        return did_you_mean(name, [entry.name for entry in self.entries])


def _describe_lack(missing: Mapping[DatasetSource, Sequence[str]]) -> str:
    """Return what the nearest layout lacks. If the folder has nothing of any, return what each layout needs."""
    begun = [source for source, markers in missing.items() if len(markers) < len(source.markers)]
    if not begun:
        layouts = sorted(missing, key=lambda source: source.name)
        return "it needs " + ", or ".join(
            f"{' and '.join(source.markers)} ({source.name})"
            for source in layouts
            if not _extends(source, missing)
        )
    nearest = min(begun, key=lambda source: (len(missing[source]), len(source.markers)))
    return f"for {nearest.name!r} it lacks {', '.join(missing[nearest])}"


def _find_other_case(folder: Path, missing: Mapping[DatasetSource, Sequence[str]]) -> str:
    """Return what each layout still lacks of which a part is there, but in other capital letters; often nothing."""
    names = {path.name.lower(): path.name for path in folder.iterdir()}
    hints = []
    for source, markers in missing.items():
        renamed = {marker: names[marker.lower()] for marker in markers if marker.lower() in names}
        if renamed:
            what = [f"{each} (rename {renamed[each]})" if each in renamed else each for each in markers]
            hints.append(f"; for {source.name!r}, {source.summary}, it lacks {', '.join(what)}")
    return "".join(hints)


def _extends(source: DatasetSource, others: Iterable[DatasetSource]) -> bool:
    """Return whether a layout is another one with further markers."""
    return any(set(other.markers) < set(source.markers) for other in others)


def open_zoo(*, registries: Sequence[Path] = ()) -> Zoo:
    """Return everything that is installed, and add the entries of the user's own `registries`.

    Raises:
        UsageError: one of `registries` has a mistake.
    """
    return _assemble(find_plugins(), registries)


def list_models(pattern: str = "*") -> list[Entry]:
    """Return the entries whose name matches a glob; those of broken plugins are left out.

    >>> [entry.name for entry in list_models("unet*")]
    ['unet', 'unet-64', 'unet-fast']
    """
    check_path(pattern, "pattern")
    return [entry for entry in open_zoo().entries if fnmatchcase(entry.name, pattern)]


def _assemble(plugins: tuple[Plugin, ...], registries: Sequence[Path]) -> Zoo:
    """Read the catalogues; if one has a mistake, quarantine its plugin and start again without its families."""
    working = [plugin for plugin in plugins if not plugin.fault]
    offers = {
        family.name: Offer(family=family, plugin=plugin.name)
        for plugin in working
        for family in plugin.declared.families
    }
    complete = len(working) == len(plugins)
    known: dict[str, Entry | Absent] = {}
    for plugin in working:
        try:
            for catalogue in plugin.declared.catalogues:
                path = Path(catalogue)
                _add(known, path, offers, shown=path.name, complete=complete)
        except UsageError as error:
            broken = plugin.quarantine(f"{error}; correct that file, or ask its author")
            return _assemble(tuple(broken if each is plugin else each for each in plugins), registries)
    # Families without an entry in a plugin's catalogue get one with their own name and default options.
    in_catalogues = {each.family.name for each in known.values() if isinstance(each, Entry)}
    for path in registries:
        _add(known, path, offers, shown=str(path), complete=complete)
    for name, offer in offers.items():
        if name not in in_catalogues:
            known.setdefault(name, make_default_entry(offer))
    return Zoo(
        entries=tuple(each for each in known.values() if isinstance(each, Entry)),
        absent=tuple(each for each in known.values() if isinstance(each, Absent)),
        plugins=plugins,
    )


def _add(
    known: dict[str, Entry | Absent], path: Path, offers: Mapping[str, Offer], *, shown: str, complete: bool
) -> None:
    fresh = read_catalogue(path, offers, shown=shown, complete=complete)
    for entry in fresh:
        if entry.name in known:
            raise UsageError(f"{shown}: {entry.name}: repeats the entry name {entry.name!r}; rename it")
    known |= {entry.name: entry for entry in fresh}


def _is_installed(module: str) -> bool:
    """Return whether the top-level package of a module is installed; looking further would import the package."""
    return find_spec(module.partition(".")[0]) is not None
