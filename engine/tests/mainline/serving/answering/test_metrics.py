"""Metrics in Prometheus' text format."""

from prometheus_client.parser import text_string_to_metric_families

from mainline.serving.answering.metrics import Histogram, Page


def test_page_is_read_by_prometheus() -> None:
    """Names, labels with odd text, and values come through Prometheus' own parser."""
    page = Page()
    page.add("a_total", "counter", "An a.", [({"x": 'q"\\\n'}, 3), ({}, 0.5)])
    family = next(iter(text_string_to_metric_families(page.render().decode())))
    assert [(sample.labels, sample.value) for sample in family.samples] == [({"x": 'q"\\\n'}, 3), ({}, 0.5)]


def test_histogram_counts_up_to_each_bound() -> None:
    """Buckets are cumulative, a value on a bound belongs to it, and the last bucket has all."""
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value)
    page = Page()
    page.add_histogram("a_seconds", "An a.", [({"version": "v1"}, histogram)])
    (family,) = text_string_to_metric_families(page.render().decode())
    found = {(sample.name, sample.labels.get("le")): sample.value for sample in family.samples}
    assert found == {
        ("a_seconds_bucket", "0.1"): 2, ("a_seconds_bucket", "1.0"): 3, ("a_seconds_bucket", "+Inf"): 4,
        ("a_seconds_sum", None): 7.65, ("a_seconds_count", None): 4,
    }  # fmt: skip
