//! The services whose metrics the corpus wants: which series they show, and how often what happens.
//!
//! Shares below [`RARE`] are failures: they come in incidents, and their series are born with their first event.

/// Shares of events below this one are trouble.
pub const RARE: f64 = 0.02;

/// A label and the share of each of its values.
type Dimension = (&'static str, &'static [(&'static str, f64)]);

/// One job: all its targets show its families.
pub struct Job {
    pub name: &'static str,
    /// Whether series come with `_created`; targets of other jobs show all they knew at 0 after a restart.
    pub created: bool,
    pub families: &'static [Family],
}

/// Series of one kind.
pub struct Family {
    pub kind: Kind,
    pub dimensions: &'static [Dimension],
    /// Events of one target at a busy time.
    pub per_minute: f64,
}

pub enum Kind {
    Counter(&'static str),
    /// Two counters: of all events and of those that failed, with their share.
    Pair(&'static str, &'static str, f64),
    /// A histogram by the name of its parts, with boundaries and the share of events above each.
    Histogram(&'static str, &'static [(&'static str, f64)]),
    /// A gauge between 0 and 1; `true`: one or the other.
    Gauge(&'static str, bool),
}

const CODES: Dimension = ("code", &[("200", 1.0), ("404", 0.03), ("429", 0.002), ("500", 0.004), ("503", 0.001)]);

const fn family(kind: Kind, per_minute: f64, dimensions: &'static [Dimension]) -> Family {
    Family { kind, dimensions, per_minute }
}

use Kind::{Counter, Gauge, Histogram, Pair};

pub const JOBS: [Job; 15] = [
    Job {
        name: "myservice",
        created: false,
        families: &[family(
            Counter("http_request_duration_seconds_count"),
            240.0,
            &[("f1", &[("v1", 0.6), ("x", 0.4)]), ("f2", &[("v2", 1.0)]), CODES],
        )],
    },
    Job {
        name: "myapp",
        created: true,
        families: &[family(Counter("http_request_duration_seconds_count"), 40.0, &[CODES])],
    },
    Job {
        name: "apiserver",
        created: false,
        families: &[
            family(
                Counter("apiserver_request_total"),
                300.0,
                &[
                    ("component", &[("apiserver", 1.0)]),
                    ("verb", &[("GET", 0.4), ("LIST", 0.2), ("POST", 0.1), ("DELETE", 0.1), ("WATCH", 0.2)]),
                    CODES,
                ],
            ),
            family(
                Histogram("apiserver_request_duration_seconds", &[("0.4", 0.01), ("5", 0.002)]),
                200.0,
                &[("verb", &[("GET", 0.6), ("POST", 0.2), ("WATCH", 0.2)])],
            ),
            family(
                Histogram("apiserver_request_sli_duration_seconds", &[("0.1", 0.015), ("5.0", 0.002)]),
                200.0,
                &[
                    ("component", &[("apiserver", 1.0)]),
                    ("scope", &[("cluster", 0.4), ("namespace", 0.3), ("resource", 0.3)]),
                    ("verb", &[("LIST", 0.6), ("POST", 0.4)]),
                ],
            ),
        ],
    },
    Job {
        name: "pyrra",
        created: false,
        families: &[
            family(
                Counter("connect_server_requests_total"),
                60.0,
                &[
                    ("service", &[("objectives.v1alpha1.ObjectiveService", 0.8), ("prometheus.v1", 0.2)]),
                    ("method", &[("List", 0.7), ("GraphErrors", 0.3)]),
                    ("code", &[("ok", 1.0), ("canceled", 0.03), ("internal", 0.006), ("unavailable", 0.003)]),
                ],
            ),
            family(
                Counter("controller_runtime_reconcile_total"),
                30.0,
                &[
                    ("controller", &[("servicelevelobjective", 0.7), ("other", 0.3)]),
                    ("result", &[("success", 1.0), ("requeue", 0.05), ("error", 0.01)]),
                ],
            ),
            family(
                Pair("pyrra_filesystem_reconciles_total", "pyrra_filesystem_reconciles_errors_total", 0.01),
                20.0,
                &[],
            ),
        ],
    },
    Job {
        name: "kube-dns",
        created: false,
        families: &[family(
            Counter("coredns_dns_responses_total"),
            900.0,
            &[("rcode", &[("NOERROR", 1.0), ("NXDOMAIN", 0.2), ("SERVFAIL", 0.0003)])],
        )],
    },
    Job {
        name: "parca",
        created: false,
        families: &[family(
            Counter("grpc_server_handled_total"),
            60.0,
            &[
                ("grpc_service", &[("parca.query.v1alpha1.QueryService", 1.0)]),
                ("grpc_method", &[("QueryRange", 0.6), ("Query", 0.4)]),
                ("grpc_code", &[("OK", 1.0), ("NotFound", 0.03), ("Internal", 0.01), ("Unavailable", 0.002)]),
            ],
        )],
    },
    Job {
        name: "thanos-store",
        created: false,
        families: &[family(
            Counter("grpc_server_handled_total"),
            120.0,
            &[
                ("namespace", &[("monitoring", 1.0)]),
                ("grpc_service", &[("thanos.Store", 1.0)]),
                ("grpc_method", &[("Series", 0.8), ("Info", 0.2)]),
                ("grpc_code", &[("OK", 1.0), ("Canceled", 0.05), ("Unavailable", 0.004), ("Internal", 0.001)]),
            ],
        )],
    },
    Job {
        name: "thanos-query",
        created: true,
        families: &[family(
            Counter("http_requests_total"),
            90.0,
            &[("handler", &[("query", 0.5), ("query_range", 0.3), ("label_names", 0.2)]), CODES],
        )],
    },
    Job {
        name: "kubelet",
        created: true,
        families: &[
            family(
                Counter("rest_client_requests_total"),
                90.0,
                &[("code", &[("200", 1.0), ("404", 0.03), ("500", 0.003), ("503", 0.001)])],
            ),
            family(
                Pair("kubelet_runtime_operations_total", "kubelet_runtime_operations_errors_total", 0.01),
                40.0,
                &[("operation_type", &[("pull_image", 0.2), ("create_container", 0.3), ("container_status", 0.5)])],
            ),
        ],
    },
    Job {
        name: "nginx",
        created: false,
        families: &[
            family(
                Counter("nginx_ingress_controller_requests"),
                400.0,
                &[
                    ("namespace", &[("lastfm", 1.0)]),
                    ("ingress", &[("lastfm", 1.0)]),
                    ("service", &[("lastfm", 1.0)]),
                    ("status", &[("200", 1.0), ("404", 0.03), ("500", 0.002), ("502", 0.001)]),
                ],
            ),
            family(
                Histogram("nginx_ingress_controller_request_duration_seconds", &[("0.1", 0.3), ("1", 0.05)]),
                400.0,
                &[
                    ("namespace", &[("lastfm", 1.0)]),
                    ("ingress", &[("lastfm", 1.0)]),
                    ("service", &[("lastfm", 1.0)]),
                    ("status", &[("200", 1.0), ("500", 0.01)]),
                ],
            ),
        ],
    },
    Job {
        name: "prometheus-k8s",
        created: false,
        families: &[
            family(
                Counter("prometheus_http_requests_total"),
                90.0,
                &[
                    (
                        "handler",
                        &[
                            ("/api/v1/query", 0.5),
                            ("/api/v1/query_range", 0.3),
                            ("/api/v1/labels", 0.1),
                            ("/metrics", 0.1),
                        ],
                    ),
                    ("code", &[("200", 1.0), ("400", 0.03), ("500", 0.006), ("503", 0.002)]),
                ],
            ),
            family(
                Pair("prometheus_notifications_sent_total", "prometheus_notifications_errors_total", 0.01),
                10.0,
                &[("alertmanager", &[("a", 0.5), ("b", 0.5)])],
            ),
            family(
                Pair("prometheus_rule_evaluations_total", "prometheus_rule_evaluation_failures_total", 0.0005),
                300.0,
                &[("rule_group", &[("fast", 0.8), ("slow", 0.2)])],
            ),
            family(
                Counter("prometheus_sd_kubernetes_http_request_total"),
                20.0,
                &[("status_code", &[("200", 1.0), ("500", 0.01), ("<error>", 0.004)])],
            ),
        ],
    },
    Job {
        name: "prometheus-operator",
        created: false,
        families: &[
            family(
                Counter("prometheus_operator_kubernetes_client_http_requests_total"),
                30.0,
                &[("status_code", &[("200", 1.0), ("404", 0.05), ("500", 0.004)])],
            ),
            family(
                Pair(
                    "prometheus_operator_reconcile_operations_total",
                    "prometheus_operator_reconcile_errors_total",
                    0.015,
                ),
                15.0,
                &[("controller", &[("prometheus", 0.5), ("alertmanager", 0.3), ("thanos", 0.2)])],
            ),
        ],
    },
    Job {
        name: "caddy",
        created: true,
        families: &[family(
            Histogram("caddy_http_response_duration_seconds", &[("0.05", 0.08), ("0.5", 0.01)]),
            120.0,
            &[("handler", &[("subroute", 1.0)]), ("code", &[("200", 1.0), ("404", 0.03), ("500", 0.005)])],
        )],
    },
    Job {
        name: "blackbox",
        created: false,
        families: &[family(Gauge("probe_success", true), 0.0, &[("target", &[("a", 1.0), ("b", 1.0), ("c", 1.0)])])],
    },
    Job {
        name: "unifi",
        created: false,
        families: &[family(
            Gauge("unifipoller_client_satisfaction_ratio", false),
            0.0,
            &[("client", &[("phone", 1.0), ("laptop", 1.0), ("television", 1.0), ("printer", 1.0)])],
        )],
    },
];
