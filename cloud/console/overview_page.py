"""The page of all lots."""

from __future__ import annotations

from nicegui import ui
from starlette.requests import Request

from cloud.console.board import News
from cloud.console.shell import Overview, Visitor, styled
from cloud.console.shown import card, totals

FIRST_READING_SECONDS = 2


@ui.page("/", title="Lots · Parkgate")
async def overview(request: Request) -> None:
    styled()
    visitor = Visitor.of(request)
    operator, boards = visitor.operator, visitor.console.boards
    page: list[Overview] = []

    def heard(news: News) -> None:
        # Before the page stands there is nobody to tell: it is built from the board as it is then.
        if page and visitor.may_stay(news.scopes):
            page[0].run_method(
                "news",
                {
                    "lots": [card(each, operator.sees) for each in news.cards],
                    "everything": news.everything,
                    "current": news.current,
                    "totals": totals(board.cards.values()),
                },
            )

    board = boards.join(operator.tenant, heard)
    visitor.client.on_delete(lambda: boards.leave(operator.tenant, heard))
    await board.ready(FIRST_READING_SECONDS)
    lots = [card(each, operator.sees) for each in board.cards.values()]
    shell = visitor.shell(board.current) | {"loading": not board.known}
    page.append(Overview(shell, lots, totals(board.cards.values())))
