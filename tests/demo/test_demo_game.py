"""The game without a window: talks, deeds, remarks, what the daemon is told, saves."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pygame
import pytest
from stub_client import StubClient

from demo_game.game import Game
from demo_game.talk.ambience import BARK_PAUSE_S, TALK_PAUSE_S
from demo_game.talk.conversation import PARTING_S
from demo_game.talk.herald import RETRY_S
from demo_game.talk.narrator import STAYS_S
from demo_game.village.layout import PLACES
from npc_engine.client import Action, Turn

FRAME_S = 1 / 60


@pytest.fixture
def client() -> StubClient:
    return StubClient()


@pytest.fixture
def game(client: StubClient, tmp_path: Path) -> Game:
    game = Game(client, tmp_path / "a.save", seed=1)  # type: ignore[arg-type]
    game.begin()
    return game


def play(game: Game, seconds: float, *keys: int) -> None:
    for _ in range(round(seconds / FRAME_S)):
        game.update(FRAME_S, keys)


def stand_by(game: Game, npc: str) -> None:
    """Put the player beside somebody."""
    spot = game.crowd.people[npc].spot
    game.player.spot = replace(spot, y=spot.y + 24)


def test_the_keys_walk_and_walls_stop(game: Game) -> None:
    x = game.player.spot.x
    play(game, 0.5, pygame.K_RIGHT)
    assert game.player.spot.x > x + 20
    assert game.player.spot.facing == "right"
    play(game, 60, pygame.K_UP)
    assert game.player.spot.y > 0
    y = game.player.spot.y
    play(game, 1, pygame.K_UP)
    assert game.player.spot.y == y, "something stands there"


def test_a_talk_forms_is_spoken_and_acted_on(game: Game, client: StubClient) -> None:
    stand_by(game, "marta")
    game.interact()
    talk = game.talk
    assert talk is not None
    assert talk.npc == "marta"
    assert talk.waits
    greeting = client.last("say")
    assert client.told("say")[-1]["text"] == ""
    client.stream(greeting, "Evening, lo", 8)
    assert (talk.waits, talk.speaks, talk.utterances[-1].words, talk.utterances[-1].stable) == (
        False,
        True,
        "Evening, lo",
        8,
    )
    client.answer(greeting, "Evening, love.", emotion="joy")
    assert game.crowd.people["marta"].emotion == "joy"
    assert client.told("spoken")[-1]["target"] == greeting.id
    game.say("Bring me some soup, please.")
    client.answer(client.last("say"), "Here.", actions=(Action("serve_soup"),))
    assert (game.world.coins, game.world.items) == (11, ["soup"])
    assert [handing.item for handing in game.handings] == ["soup"]
    play(game, 0.5)
    assert client.told("world.set")[-1]["values"]["player.coins"] == 11
    game.leave()
    assert game.talk is None
    play(game, 2)
    assert game.handings == []


def test_who_is_interrupted_keeps_what_was_heard(game: Game, client: StubClient) -> None:
    game.talk_to("marta")
    first = client.last("say")
    client.stream(first, "Well, the river took her tr", 10)
    game.say("Never mind.")
    second = client.last("say")
    client.answer(first, "Well, the river took her true love.", actions=(Action("serve_soup"),))
    assert client.told("spoken")[-1] == {"target": first.id, "heard": 10}, "as much is remembered as was heard"
    assert game.world.items == [], "and nothing comes of what was not"
    assert game.talk is not None
    assert [said.words for said in game.talk.utterances][:2] == ["Well, the  –", "Never mind."]
    game.say("And another thing.")
    assert second.error is not None, "nothing was heard of that one"
    assert [said.speaker for said in game.talk.utterances] == ["marta", "player", "player", "marta"]


def test_who_turns_away_ends_the_talk(game: Game, client: StubClient) -> None:
    stand_by(game, "marta")
    game.talk_to("marta")
    client.answer(client.last("say"), "Out.", actions=(Action("refuse_service"),))
    assert game.talk is not None
    assert game.talk.ends_in_s == PARTING_S
    play(game, PARTING_S + 0.1)
    assert game.talk is None


def test_an_error_is_shown_and_the_talk_goes_on(game: Game, client: StubClient) -> None:
    game.talk_to("marta")
    client.fail(client.last("say"), "text_too_long")
    assert game.talk is not None
    assert game.talk.note == "text_too_long"
    game.say("Hello?")
    client.answer(client.last("say"), "Yes, love?", source="authored", reason="offline")
    assert "offline" in game.talk.note


def test_a_gift_is_told_before_the_words(game: Game, client: StubClient) -> None:
    game.world.items.append("willow_tea")
    trust = game.world.trust["wenna"]
    game.talk_to("wenna")
    gift = next(offered for offered in game.suggestions() if offered.gift)
    game.say(gift.text)
    assert game.world.items == []
    assert game.world.trust["wenna"] > trust
    kinds = [request.kind for request in client.asked]
    assert kinds[-3:] == ["event", "world.set", "say"]
    assert client.told("event")[-1]["npcs"] == ["wenna"]


def test_naming_the_buyer_is_known_to_everybody(game: Game, client: StubClient) -> None:
    game.world.flags["satchel_found"] = True
    game.talk_to("vey")
    game.say("I have the letter, and its seal is yours: you bought the mill.")
    assert game.world.flags["buyer_named"]
    assert len(client.told("event")[-1]["npcs"]) == 8
    assert client.told("world.set")[-1]["values"]["flags.buyer_named"] is True


def test_what_the_daemon_did_not_take_is_told_again(game: Game, client: StubClient) -> None:
    play(game, 0.1)
    first = client.last("world.set")
    assert client.told("world.set")[0]["values"]["weather"] == "rain"
    client.fail(first, "daemon_unreachable")
    game.set_value("event", "The bell rang.")
    client.fail(client.last("event"), "daemon_unreachable")
    play(game, RETRY_S + 0.5)
    assert [told["text"] for told in client.told("event")] == ["The bell rang."] * 2
    assert client.told("world.set")[1]["values"]["weather"] == "rain"
    client.answer(client.last("world.set"))
    client.answer(client.last("event"))
    count = len(client.told("event"))
    play(game, 3)
    assert len(client.told("event")) == count


def test_a_place_is_entered_described_and_left(game: Game, client: StubClient) -> None:
    game.player.spot = PLACES["inn"].spots[3]
    play(game, 0.1)
    assert client.told("scene.enter")[-1]["place"] == "inn"
    request = client.last("describe")
    client.stream(request, "Firelight slides", 4)
    assert game.narrator.description is request
    client.answer(request, narration="Firelight slides over the table.")
    assert request.text == "Firelight slides over the table."
    play(game, STAYS_S + 0.1)
    assert game.narrator.description is None
    game.player.spot = replace(game.player.spot, map="village", x=20, y=20)
    play(game, 0.1)
    assert client.last("scene.leave")
    game.player.spot = PLACES["inn"].spots[3]
    described = len(client.told("describe"))
    play(game, 0.1)
    assert len(client.told("describe")) == described, "nothing has changed there"
    game.player.spot = replace(game.player.spot, map="village", x=20, y=20)
    play(game, 0.1)
    game.set_value("weather", "fog")
    game.player.spot = PLACES["inn"].spots[3]
    play(game, 0.1)
    assert len(client.told("describe")) == described + 1


def test_walking_up_to_people_warms_them(game: Game, client: StubClient) -> None:
    stand_by(game, "wenna")
    play(game, 0.1)
    assert "wenna" in client.told("warm")[-1]["npcs"]


def test_people_remark_and_talk_among_themselves(game: Game, client: StubClient) -> None:
    game.world.hour = 20.0
    game.crowd.jump(20.0, {})
    stand_by(game, "marta")
    play(game, BARK_PAUSE_S + 0.1)
    bark = client.last("bark")
    client.stream(bark, "Wet agai", 3)
    play(game, FRAME_S)
    speech = game.ambience.speeches[0]
    assert (speech.text, speech.stable, speech.forms) == ("Wet agai", 3, True)
    client.answer(bark, "Wet again.", emotion="sadness")
    assert client.told("spoken")[-1]["target"] == bark.id
    play(game, TALK_PAUSE_S + 8)
    talk = client.last("converse")
    one, other = client.told("converse")[-1]["npcs"]
    assert game.ambience.busy == {one, other}
    client.turn(talk, Turn(1, one, "Have you heard?", "surprise"))
    client.turn(talk, Turn(2, other, "I have.", "joy"))
    play(game, 0.2)
    assert [speech.npc for speech in game.ambience.speeches if speech.npc in (one, other)][-1] == one
    assert game.crowd.people[one].emotion == "surprise"
    game.talk_to(other)
    assert talk.error is not None, "the player interrupts them"
    assert game.ambience.busy == set()


def test_where_the_player_is_and_the_new_game_are_told_until_they_are_known(game: Game, client: StubClient) -> None:
    client.fail(client.last("slot.new"), "daemon_unreachable")
    assert len(client.told("slot.new")) == 2
    game.player.spot = PLACES["inn"].spots[3]
    play(game, 0.1)
    client.fail(client.last("scene.enter"), "daemon_unreachable")
    play(game, 1.2)
    assert [told["place"] for told in client.told("scene.enter")] == ["inn", "inn"]


def test_a_game_that_cannot_be_continued_begins_anew(client: StubClient, tmp_path: Path) -> None:
    game = Game(client, tmp_path / "a.save", seed=1)  # type: ignore[arg-type]
    game.save_path.write_text("{")
    game.load()
    assert client.told("slot.new")
    play(game, 0.1)
    assert client.told("world.set")


def test_saving_and_loading_bring_everything_back(game: Game, client: StubClient) -> None:
    game.world.coins, game.world.weather = 3, "fog"
    spot = game.player.spot
    game.save()
    game.world.coins = 99  # after the moment that was saved
    blob = base64.b64encode(b"what they remember").decode()
    client.answer(client.last("save.export"), data={"blob": blob})
    assert game.toasts[-1][0] == "Saved."
    game.talk_to("marta")
    game.load()
    imported = client.last("save.import")
    assert game.talk is None
    assert game.world.coins == 99, "not before the daemon has it"
    client.answer(imported)
    assert (game.world.coins, game.world.weather, game.player.spot) == (3, "fog", spot)
    play(game, 0.1)
    assert client.told("world.set")[-1]["values"]["player.coins"] == 3, "everything is told anew"


def test_what_cannot_be_saved_or_loaded_changes_nothing(game: Game, client: StubClient) -> None:
    game.load()
    assert "no saved game" in game.toasts[-1][0]
    game.save()
    client.fail(client.last("save.export"), "daemon_unreachable")
    assert "Not saved" in game.toasts[-1][0]
    assert not game.save_path.exists()
    game.save_path.write_text("{")
    game.load()
    assert "Not loaded" in game.toasts[-1][0]
    game.save_path.unlink()
    game.save()
    client.answer(client.last("save.export"), data={"blob": "AAAA"})
    game.world.coins = 1
    game.load()
    client.fail(client.last("save.import"), "save_corrupt")
    assert "Not loaded" in game.toasts[-1][0]
    assert game.world.coins == 1


def test_people_keep_their_rounds_and_stop_for_a_talk(game: Game) -> None:
    marta = game.crowd.people["marta"]
    assert marta.spot in PLACES["inn"].spots
    game.world.hour = 8.6
    play(game, 1)
    assert marta.walks
    stand_by(game, "marta")
    game.talk_to("marta")
    where = marta.spot
    play(game, 2)
    assert marta.spot == where
    game.leave()
    for _ in range(60 * 60):
        game.update(FRAME_S)
        if game.crowd.places()["marta"] == "green" and not marta.walks:
            break
    assert marta.spot in PLACES["green"].spots
