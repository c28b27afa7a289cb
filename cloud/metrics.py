"""What the cloud counts about itself, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cloud.figures import Figures

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """One registry a process part, so that two services in one test don't share their counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.windows = Counter(
            "parkgate_windows",
            "Windows of facts taken from the broker, by what became of them",
            ["verdict"],
            registry=self.registry,
        )
        self.facts_applied = Counter(
            "parkgate_facts_applied", "Facts applied with their effects", registry=self.registry
        )
        self.facts_parked = Counter("parkgate_facts_parked", "Facts parked for an operator", registry=self.registry)
        self.apply_seconds = Histogram(
            "parkgate_apply_seconds", "Time of one window's transaction", buckets=_SECONDS, registry=self.registry
        )
        self.ack_seconds = Histogram(
            "parkgate_ack_seconds",
            "Time from a window's arrival to its acknowledgement, waits included",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.acks_unsent = Counter(
            "parkgate_acks_unsent", "Acknowledgements that the broker didn't take", registry=self.registry
        )
        self.beacons = Counter("parkgate_beacons", "Beacons and wills taken in", registry=self.registry)
        self.dropped = Counter(
            "parkgate_messages_dropped",
            "Messages left for the lot to send again, by reason",
            ["why"],
            registry=self.registry,
        )
        self.shares_held = Gauge(
            "parkgate_ingest_shares_held", "Shares of the lots, of 64, that this process serves", registry=self.registry
        )
        self.shares_taken = Counter(
            "parkgate_ingest_shares_taken",
            "Shares that this process took, at its start or from one that ended",
            registry=self.registry,
        )
        self.ingest_processes = Gauge(
            "parkgate_ingest_processes", "Processes that divide the lots, as this one sees it", registry=self.registry
        )
        self.commands = Counter(
            "parkgate_commands", "Commands given to lots, by what came of them", ["outcome"], registry=self.registry
        )
        self.digests = Counter(
            "parkgate_digests", "Digests of lots compared, by what came of it", ["verdict"], registry=self.registry
        )
        self.resyncs = Counter(
            "parkgate_resyncs",
            "Snapshots of lots that differed, by what became of them",
            ["end"],
            registry=self.registry,
        )
        self.rows_corrected = Counter(
            "parkgate_rows_corrected", "Rows that a lot's snapshot put right", registry=self.registry
        )
        self.part_failures = Counter(
            "parkgate_part_failures", "Times that a part failed and was started again", ["part"], registry=self.registry
        )
        self.intents_sent = Counter(
            "parkgate_intents_sent",
            "Messages with intents for the lots, by what they are",
            ["what"],
            registry=self.registry,
        )
        self.intents_heard = Counter(
            "parkgate_intents_heard",
            "What lots said of their intents, by what it meant",
            ["verdict"],
            registry=self.registry,
        )
        self.broker_up = Gauge("parkgate_broker_up", "1 while connected to the broker", registry=self.registry)
        self._of_the_lots()

    def _of_the_lots(self) -> None:
        """Read from the database when somebody asks: the same in every process, and as many for all lots as for one."""

        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(f"parkgate_{name}", meaning, labels, registry=self.registry)

        self.lots_online = gauge("lots_online", "Lots whose link is up")
        self.lots_enrolled = gauge("lots_enrolled", "Lots that are enrolled")
        self.lots_heard = gauge("lots_heard", "Lots that were heard from within this time", "within")
        self.lots_never_heard = gauge("lots_never_heard", "Lots that were never heard from")
        self.lots_differing = gauge(
            "lots_differing", "Lots whose state was another than the cloud's at the last digest"
        )
        self.silence_most = gauge("longest_silence_seconds", "Since the lot was heard from that is silent for longest")
        self.late_most = gauge(
            "longest_unapplied_seconds", "Since something was last applied of a lot that has a backlog, the longest"
        )
        self.backlog = gauge("backlog_facts", "Facts that the lots said they still had to send, all together")
        self.backlog_most = gauge("backlog_facts_most", "The same of the lot that has the most")
        self.parked_now = gauge("facts_waiting", "Facts that are parked now, by why", "cause")
        self.cases_open = gauge("cases_open", "What a person must judge now, by kind", "kind")

    def shows(self, now: Figures) -> None:
        self.lots_online.set(now.online)
        self.lots_enrolled.set(now.enrolled)
        self.lots_never_heard.set(now.never)
        self.lots_differing.set(now.differing)
        self.silence_most.set(now.silent)
        self.late_most.set(now.late)
        self.backlog.set(now.backlog)
        self.backlog_most.set(now.backlog_most)
        for gauge, counted in (
            (self.lots_heard, now.heard),
            (self.parked_now, now.parked),
            (self.cases_open, now.cases),
        ):
            for label, count in counted.items():
                gauge.labels(label).set(count)

    def failed(self) -> None:
        """Something met a defect, and is left for its lot to send again."""
        self.dropped.labels("failed").inc()

    def exposition(self) -> bytes:
        """The counts in Prometheus' text format."""
        return generate_latest(self.registry)
