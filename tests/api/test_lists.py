"""Every list of the document takes the same small number of statements, however long the page."""

from typing import Any

from project_one.bootstrap import House
from project_one.kernel.statements import watched

from .callers import ROLES, everybody
from .filling import MANY, filled

FEW = 8  # statements of a list, those that set the scope and ask for an API key and its tier included
MORE = {"/v1/fallback/simulate": 13}  # a page of a whole night plan, which looks at everything once
SHORTEST = 10  # rows a list must have here, or the test shows nothing


def lists_of(document: dict[str, Any]) -> list[str]:
    """Paths of every operation that takes a `limit`."""
    return sorted(
        path
        for path, operations in document["paths"].items()
        if any(item["name"] == "limit" for item in operations.get("get", {}).get("parameters", ()))
    )


async def test_no_list_asks_more_of_the_database_for_a_longer_page(house: House) -> None:
    async with everybody(house, advisors=MANY) as people:
        real = await filled(house, people)
        wrong: list[str] = []
        lists = lists_of(people.document)
        assert len(lists) > 10
        for path in lists:
            filled_path = path.replace("{pack_id}", real["pack_id"][0]).replace("{register}", real["register"][0])
            most = 0
            for role in ROLES:
                counts: list[int] = []
                for limit in (1, 1, 50):  # the first signs her in
                    with watched(people.api.database.engine) as statements:
                        answer = await people.client.get(f"{filled_path}?limit={limit}", headers=people.headers[role])
                    counts.append(len(statements))
                if answer.status != 200:
                    assert answer.status in {403, 404}, f"{path} for {role}: {answer.text}"
                    continue
                most = max(most, len(answer.json()["items"]))
                if counts[1] != counts[2] or counts[2] > MORE.get(path, FEW):
                    wrong.append(f"{path} for {role}: {counts[1]} statements for one item, {counts[2]} for fifty")
            if most < SHORTEST:
                wrong.append(f"{path}: nobody sees {SHORTEST} items here; fill it in this test")
        assert not wrong, "\n".join(wrong)
