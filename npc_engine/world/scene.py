"""One save slot of one game: its world, what its characters lived through, and where the player is in it.

Everything here is also in the database; a change is *acknowledged* when the future of `written` is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from urllib.parse import quote

import msgspec

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.storage import saves
from npc_engine.storage.db import Store
from npc_engine.storage.rows import Row, Snapshot
from npc_engine.storage.saves import Save
from npc_engine.world.journal import QUESTION, Entry, Event, Heard, Journal, Said
from npc_engine.world.keywords import keywords
from npc_engine.world.knowledge import Knowledge
from npc_engine.world.memory import MEMORIES, Memory, from_row
from npc_engine.world.names import called, short_name
from npc_engine.world.persona import Persona
from npc_engine.world.spec import Pack
from npc_engine.world.state import PLAYER, WorldState
from npc_engine.world.values import check_state

#: A journal of more entries is to be cut, and this many are left then: all that is left has to be read again, so there
#: are few cuts, and little is left of each. The cut is made when the model has read the shorter journal beside the
#: longer one, so that nobody waits for it; at the second bound it is made at once.
JOURNAL_ENTRIES = 30
JOURNAL_KEPT = 6
JOURNAL_MAX = 48
#: How much overheard words matter at most.
OVERHEARD = 3
#: What stands between names.
LISTED = ", "
#: Memories that one line calls up at most.
RECALLED = 2

_state_decoder: msgspec.msgpack.Decoder[WorldState] = msgspec.msgpack.Decoder(WorldState)


class Descriptions:
    """What the model wrote of each place, good until something visible changes."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[list[str], str]] = {}

    def get(self, place: str, sights: list[str]) -> str | None:
        """The text, if it still fits."""
        seen, text = self._texts.get(place, ([], None))
        return text if seen == sights else None

    def put(self, place: str, sights: list[str], text: str) -> None:
        """Keep a text."""
        self._texts[place] = (sights, text)


class Scene:
    """A slot as it is played. `epoch` rises whenever the slot becomes another: a save was imported, or it began anew.
    Raises STORAGE_FAILED."""

    def __init__(self, game: str, slot: str, pack: Pack, knowledge: Knowledge, store: Store) -> None:
        self.game = game
        self.slot = slot
        self._store = store
        self._pack = pack
        self._knowledge = knowledge
        self._begin(self._stored())

    def use(self, pack: Pack, knowledge: Knowledge) -> None:
        """Go on with another version of the pack. Characters that are played keep their old sheet until the model has
        read the new one."""
        for npc in {*self.near, *self.alive} & pack.npcs.keys() & self._pack.npcs.keys():
            if self._pack.npcs[npc] != pack.npcs[npc]:
                self._old_sheets.setdefault(npc, self._pack.npcs[npc])
        self._pack = pack
        self._knowledge = knowledge
        self.state.adopt(pack)

    def _begin(self, snapshot: Snapshot) -> None:
        self.epoch = max(snapshot.epoch, 1)  # storage calls it 0 if a memory was the first thing to be written
        self.state = read_state(snapshot.state, self._pack)
        self._memory = Memory(self._store, self.game, self.slot, max((row.seq for row in snapshot.rows), default=0))
        self._journals: dict[str, Journal] = {}
        self._counts: dict[str, int] = {}
        self._renewals: dict[str, int] = {}
        self._old_sheets: dict[str, Persona] = {}
        self.descriptions = Descriptions()
        for row in snapshot.rows:
            self._counts[row.npc] = self._counts.get(row.npc, 0) + 1
        standing: dict[str, list[tuple[int, Entry]]] = {}
        for row in snapshot.rows:
            if row.in_journal:
                standing.setdefault(row.npc, []).append((row.seq, from_row(row)))
        for npc, entries in standing.items():
            self._journals[npc] = self._journal(npc, entries)

    def _journal(self, npc: str, entries: Iterable[tuple[int, Entry]] = ()) -> Journal:
        return Journal(entries, lambda new, audience: self._live(npc, new, audience))

    def _live(self, npc: str, entries: list[Entry], audience: tuple[str, ...]) -> Iterable[int]:
        """This has become part of the character's life. Those near remember what they heard of it, unless it was said
        to them."""
        numbers = self._keep(npc, entries, in_journal=True)
        for entry in entries:
            if (words := self._words_of(npc, entry)) is not None:
                speaker, to = words
                told = f"{speaker} said{f' to {to}' if to else ''}: \u201c{entry.text}\u201d"
                event = Event(told, min(entry.importance, OVERHEARD), entry.gates, speaker)
                addressed = to.split(LISTED)
                self.overhear((other for other in audience if self._name(other) not in addressed), event)
        return numbers

    def _words_of(self, npc: str, entry: Entry) -> tuple[str, str] | None:
        """Who said it to whom, if anybody near could hear it."""
        match entry:
            case Heard(speaker=speaker, private=False):
                return self._name(speaker), self._name(npc)
            case Said(to=to, private=False):
                return self._name(npc), self._name(to)
            case _:
                return None

    def _name(self, who: str) -> str:
        persona = self._pack.npcs.get(who)
        return short_name(persona) if persona else called(who)

    def _keep(self, npc: str, entries: list[Entry], *, in_journal: bool) -> Iterable[int]:
        self._counts[npc] = self._counts.get(npc, 0) + len(entries)
        return self._memory.keep(npc, entries, in_journal=in_journal)

    # What characters remember

    def journal(self, npc: str) -> Journal:
        """What this character has lived through here."""
        if npc not in self._journals:
            self._journals[npc] = self._journal(npc)
        return self._journals[npc]

    def lived(self, npc: str, without: Collection[int] = ()) -> list[Entry]:
        """The journal without what is told of locked things, and without those numbers: what the character's prompt
        holds."""
        return [entry for entry in self.journal(npc).entries(without=without) if self.may_be_told(entry)]

    def recall(self, npc: str, text: str, in_mind: Callable[[Entry], bool] = lambda entry: False) -> list[Entry]:
        """What `text` calls up that the journal no longer holds: not that something was asked, nothing `in_mind`, and
        what the character said itself only if it shares two telling words. Each memory is read while the player
        waits."""
        but = self.journal(npc).numbers
        if self._counts.get(npc, 0) <= len(but):
            return []

        asked = keywords(text)

        def may(entry: Entry) -> bool:
            if entry.importance <= QUESTION or entry.text == text or not self.may_be_told(entry) or in_mind(entry):
                return False
            return not isinstance(entry, Said) or len(asked & keywords(entry.text)) >= 2

        return self._memory.recall(npc, text, but=but, may=may, limit=RECALLED)

    def witness(self, npcs: Iterable[str], event: Event) -> None:
        """Something happened before the eyes of these characters."""
        for npc in npcs:
            self.journal(npc).add(event)
            self.cut_at_once(npc)

    def overhear(self, npcs: Iterable[str], entry: Entry) -> None:
        """These characters remember it, but it does not stand in their journals: what others say to each other would
        cost each of them its reading."""
        for npc in npcs:
            self._keep(npc, [entry], in_journal=False)

    def surplus(self, npc: str) -> list[int]:
        """The numbers of the entries by which the journal has grown too long."""
        return self.journal(npc).surplus(JOURNAL_ENTRIES, JOURNAL_KEPT)

    def sheet(self, persona: Persona) -> Persona:
        """The character as its prompt in use shows it."""
        return self._old_sheets.get(persona.id, persona)

    def is_outgrown(self, npc: str) -> bool:
        """Whether the prompt in use is to become another."""
        return npc in self._old_sheets or bool(self.surplus(npc))

    def change_over(self, persona: Persona, numbers: list[int]) -> None:
        """The new prompt has been read: these entries leave the journal, where they can still be recalled, and this
        sheet is in use. The prompt is another now, with a cache of its own."""
        npc = persona.id
        self._cut(npc, numbers)
        self.use_newest_sheet(npc)
        if self._pack.npcs.get(npc) != persona:
            self._old_sheets[npc] = persona
        self._renewals[npc] = self._renewals.get(npc, 0) + 1

    def use_newest_sheet(self, npc: str) -> None:
        """Wait no longer for the model to read it."""
        self._old_sheets.pop(npc, None)

    def cut_at_once(self, npc: str) -> None:
        """Cut a journal that cannot wait any longer: the model's window has an end."""
        self._cut(npc, self.journal(npc).surplus(JOURNAL_MAX, JOURNAL_KEPT))

    def _cut(self, npc: str, numbers: list[int]) -> None:
        self.journal(npc).let_go(numbers)
        self._memory.leave_journal(npc, numbers)

    def rest(self, now_ns: int) -> None:
        """What there is to do in idle time: keep turns nobody confirmed, forget what is worth least."""
        for journal in self._journals.values():
            journal.expire(now_ns)
        for npc, count in self._counts.items():
            if count > MEMORIES:
                self._counts[npc] = self._memory.forget_surplus(npc, self._stored().rows)

    def describe(self, place: str, sights: list[str], text: str | None) -> None:
        """The player has looked: this was to be seen, and if the model wrote it, `text` is how it was told."""
        self.state.seen[place] = sights
        if text:
            self.descriptions.put(place, sights, text)
        self.put_state()

    def cache_key(self, npc: str, *, renewed: bool = False) -> str:
        """The name of this character's prompt prefix, as it is or as it will be when it has become another."""
        renewals = self._renewals.get(npc, 0) + renewed
        names = (quote(self.game, safe=""), quote(self.slot, safe=""), npc)  # games and slots may hold any character
        return "/".join(names) + (f"/{renewals}" if renewals else "")

    def audience(self, npc: str) -> tuple[str, ...]:
        """Who is near enough to hear this character."""
        return tuple(other for other in self.state.present(self.state.places.get(npc, "")) if other != npc)

    def unhear(self, npc: str, number: int) -> None:
        """What stands under this number was never said."""
        self.journal(npc).let_go([number])
        self._store.forget(self.game, self.slot, npc, [number])

    @property
    def alive(self) -> list[str]:
        """The characters that have lived through something here."""
        return [npc for npc, journal in self._journals.items() if journal.entries()]

    @property
    def near(self) -> list[str]:
        """The characters where the player is."""
        return self.state.present(self.state.places[PLAYER])

    def may_be_told(self, entry: Entry) -> bool:
        """Whether all that the entry tells of is open now."""
        return not entry.gates or all(self._knowledge.is_open(gate, self.state) for gate in entry.gates)

    # What becomes of it

    def put_state(self) -> Future[None]:
        """Write the world as it is now."""
        return self._store.put_state(self.game, self.slot, self.epoch, write_state(self.state))

    def settle(self) -> None:
        """Keep every turn that pends: the slot is about to be saved or copied as the player sees it."""
        for journal in self._journals.values():
            journal.keep_pending()

    def export(self) -> bytes:
        """The slot as a blob for the game's save file. Raises SAVE_TOO_BIG."""
        self.settle()
        self.put_state()
        stored = self._stored()
        return saves.encode(Save(self._pack.info.id, self._pack.digest, self._memory.last, stored.state, stored.rows))

    def import_(self, blob: bytes) -> tuple[Future[None], list[str]]:
        """Become what the blob says, or raise SAVE_CORRUPT, SAVE_TOO_NEW, SAVE_TOO_OLD or SAVE_TOO_BIG and change
        nothing. Returns the write, and a warning for everything the pack does not know."""
        save = saves.decode(blob)
        check_rows(save.rows)
        state = read_state(save.state, self._pack)
        lost = check_state(state, self._pack)
        written = self.become(Snapshot(self.epoch + 1, write_state(state), save.rows))
        self._memory.last = max(self._memory.last, save.seq)
        return written, [*self._warnings(save), *lost]

    def _stored(self) -> Snapshot:
        """The slot as the database has it; a new one, if it has none."""
        return self._store.load(self.game, self.slot) or Snapshot(1, b"", [])

    def become(self, snapshot: Snapshot) -> Future[None]:
        """Make this slot what the snapshot says; its epoch must be higher than that of now."""
        written = self._store.replace(self.game, self.slot, snapshot)
        self._begin(snapshot)
        return written

    def _warnings(self, save: Save) -> Iterable[str]:
        if save.pack_id != self._pack.info.id:
            yield f"made with the pack `{save.pack_id}`, not `{self._pack.info.id}`"
        for npc in sorted({row.npc for row in save.rows} - self._pack.npcs.keys()):
            yield f"no character `{npc}` in this pack; what it remembers is kept"


def read_state(raw: bytes, pack: Pack) -> WorldState:
    """A stored world, completed with what is new in the pack; without bytes a new game. Raises SAVE_CORRUPT."""
    if not raw:
        return WorldState.start(pack)
    try:
        state = _state_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NpcError(ErrorCode.SAVE_CORRUPT, f"the world in it cannot be read: {error}") from None
    state.adopt(pack)
    return state


def write_state(state: WorldState) -> bytes:
    """The same bytes for the same world."""
    return msgspec.msgpack.encode(state, order="deterministic")


def check_rows(rows: Iterable[Row]) -> None:
    """Raises SAVE_CORRUPT if a row does not hold an entry."""
    for row in rows:
        try:
            entry = from_row(row)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise NpcError(ErrorCode.SAVE_CORRUPT, f"memory {row.seq} cannot be read: {error}") from None
        if entry.text != row.text:
            raise NpcError(ErrorCode.SAVE_CORRUPT, f"memory {row.seq} says one thing and is searched by another")
