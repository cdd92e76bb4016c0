"""The sandbox's world: what it knows, and the two verbs that change it: `accept` and `receive`."""

import hmac
import time
from dataclasses import dataclass, field

from project_one_sandbox import config as settings
from project_one_sandbox import wall
from project_one_sandbox.clerk import Clerk, ClerkConfig
from project_one_sandbox.config import Config
from project_one_sandbox.faults import FaultBook, Hits
from project_one_sandbox.graph_errors import THROUGHPUT, GraphError
from project_one_sandbox.limits import (
    HourlyCalls,
    PairGate,
    PortfolioWindow,
    ServiceWindows,
)
from project_one_sandbox.media import MediaShelf
from project_one_sandbox.messages import Outgoing
from project_one_sandbox.numbers import Number, new_number
from project_one_sandbox.openai.vendor import Vendor
from project_one_sandbox.oracle import Oracle, Outcome, Record
from project_one_sandbox.payloads import Accepted, Update, accepted, contact, new_wamid
from project_one_sandbox.receipts import Draws
from project_one_sandbox.shapes import Json, merged, meta_json
from project_one_sandbox.templates import Template, TemplateShelf
from project_one_sandbox.webhooks import Courier, Post


@dataclass(frozen=True, slots=True)
class Secrets:
    access_token: str = "sandbox-access-token"  # noqa: S105 - opens nothing but this sandbox
    app_secret: str = "sandbox-app-secret"  # noqa: S105
    verify_token: str = "sandbox-verify-token"  # noqa: S105
    clerk: ClerkConfig = field(default_factory=ClerkConfig)
    openai_keys: tuple[str, ...] = ("sandbox-openai-key",)


@dataclass(frozen=True, slots=True)
class Accept:
    """`early`: the POST of a receipt that has to leave before the answer."""

    message: Accepted
    record: Record
    early: Post | None


class World:
    def __init__(self, config: Config, secrets: Secrets, scale: float) -> None:
        self.secrets = secrets
        self.scale = scale
        self.clerk = Clerk(secrets.clerk)
        self.templates = TemplateShelf()
        self._bearer = f"Bearer {secrets.access_token}".encode()
        self.templates.replace(config.templates)
        self.courier = Courier(secrets.app_secret, scale)
        self._begin(config)

    @staticmethod
    def now() -> float:
        """Monotonic seconds, the clock of every limit, rule and schedule."""
        return time.monotonic()

    def _begin(self, config: Config) -> None:
        now = self.now()
        self.config = config
        self.numbers = {item.id: new_number(item, self.scale, now) for item in config.numbers}
        self.media = MediaShelf(self.scale)
        self.pairs = PairGate(self.scale)
        self.portfolio = PortfolioWindow(self.scale)
        self.management = HourlyCalls(self.scale, now)
        self.windows = ServiceWindows(self.scale)
        self.faults = FaultBook(config.seed, self.scale)
        self.draws = Draws(config.seed)
        self.openai = Vendor(
            config.openai,
            self.secrets.openai_keys,
            seed=config.seed,
            scale=self.scale,
            limit=config.oracle_max,
        )
        self.oracle = Oracle(limit=config.oracle_max, keep_text=config.keep_text)
        self._connect()

    def _connect(self) -> None:
        metadata = {number.id: number.metadata() for number in self.numbers.values()}
        self.courier.use(self.config, self.oracle, metadata)

    def reset(self) -> None:
        """Back to the configuration in force: templates that were PUT are part of it; rules and pending webhooks go."""
        self.courier.forget()
        self.templates.replace(self.config.templates)
        self._begin(self.config)

    def reconfigure(self, patch: Json) -> None:
        """Merge and take over. Raise `ConfigError` and change nothing if a key is wrong."""
        config = settings.parse(merged(self.config.raw, patch))
        if "templates" in patch:
            self.templates.replace(config.templates)
        if "numbers" in patch:
            now = self.now()
            self.numbers = {item.id: new_number(item, self.scale, now) for item in config.numbers}
        if config.seed != self.config.seed:
            self.draws = Draws(config.seed)
            self.faults.seed = config.seed
        self.openai.use(config.openai, seed=config.seed)
        self.oracle.keep_text = config.keep_text
        self.oracle.set_limit(config.oracle_max)
        self.openai.bill.calls.limit = config.oracle_max
        self.config = config
        self._connect()

    def authorize(self, header: str | None) -> None:
        if header is None or not hmac.compare_digest(header.encode(errors="replace"), self._bearer):
            raise GraphError(190, "The access token is missing or not valid.")

    def number(self, number_id: str) -> Number:
        number = self.numbers.get(number_id)
        if number is None:
            raise GraphError(33, f"Phone number id {number_id} does not exist.")
        return number

    def template(self, name: str, language: str) -> Template:
        return self.templates.sendable(name, language)

    def check_media(self, number_id: str, media: Json, where: str) -> None:
        media_id, link = media.get("id"), media.get("link")
        if (media_id is None) == (link is None):
            raise GraphError(131008, f"{where}: Exactly one of id and link is mandatory.")
        if link is not None:
            if not isinstance(link, str) or not link.startswith(("http://", "https://")):
                raise GraphError(131009, f"{where}: link must be an http or https address.")
            return
        known = self.media.find(media_id, self.now()) if isinstance(media_id, str) else None
        if known is None or known.number_id != number_id:
            raise GraphError(
                131053,
                f"{where}: Media {media_id} is unknown, expired or another number's.",
            )

    def has_open_window(self, number_id: str, wa_id: str) -> bool:
        return self.windows.is_open((number_id, wa_id), self.now())

    def _admit(self, number: Number, outgoing: Outgoing) -> None:
        """All limits or none: a send that one of them refuses uses up nothing."""
        now = self.now()
        number.require_sendable()
        pair = (number.id, outgoing.wa_id)
        if not self.pairs.is_open(pair, now):
            raise GraphError(
                131056,
                "Too many messages from this number to this recipient in a short time.",
            )
        if not outgoing.is_in_window and not self.portfolio.admits(outgoing.wa_id, self.config.portfolio_limit, now):
            raise GraphError(
                131048,
                "The messaging limit of the portfolio is reached: unique users in 24 hours.",
            )
        if not number.bucket.take(now):
            raise GraphError(
                THROUGHPUT,
                "Cloud API message throughput has been reached.",
                http=self.config.throughput_status,
            )
        self.pairs.count(pair, now)
        if not outgoing.is_in_window:
            self.portfolio.count(outgoing.wa_id, now)

    def accept(self, number: Number, outgoing: Outgoing, hits: Hits) -> Accept:
        """Pass the limits, write the oracle's record and schedule the receipts. Raise `GraphError` at a limit."""
        self._admit(number, outgoing)
        template = outgoing.template
        message = accepted(
            number_id=number.id,
            wa_id=outgoing.wa_id,
            opaque=outgoing.opaque,
            category=None if template is None else template.category,
            at=wall.now(),
        )
        record = self.oracle.note(
            Outcome.ACCEPTED,
            number=number.id,
            to=outgoing.to,
            opaque=outgoing.opaque,
            at=message.accepted_at,
            wamid=message.wamid,
            fault=hits.names(),
            template=None if template is None else template.name,
            language=None if template is None else template.language,
            text=outgoing.text,
        )
        fates = self.draws.fates(self.config.receipts, hits, self.scale)
        return Accept(message, record, self.courier.report(message, fates, self.now()))

    def receive(self, number: Number, wa_id: str, kind: str, content: Json) -> str:
        """An inbound message: opens the window, uses throughput, is told by webhook. Return its wamid."""
        now = self.now()
        number.bucket.drain(now)
        self.windows.open((number.id, wa_id), now)
        person = contact(wa_id, f"User {wa_id[-4:]}")
        wamid = new_wamid(wa_id)
        item: Json = {
            "from": wa_id,
            "id": wamid,
            "timestamp": str(int(wall.now())),
            "type": kind,
            kind: content,
        }
        if "user_id" in person:
            item["from_user_id"] = person["user_id"]
        if kind == "button":
            latest = self.oracle.latest_accepted(f"+{wa_id}", number.id)
            if latest is not None:
                item["context"] = {"from": number.digits, "id": latest}
        self.courier.tell(Update(number.id, "messages", meta_json(item), meta_json(person)))
        return wamid
