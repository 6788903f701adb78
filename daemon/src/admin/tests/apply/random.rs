//! Round trips of trees that nobody thought of.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// One thing done to a tree that grows at random; what is refused is left out.
fn deed() -> impl Strategy<Value = Request> {
    let resellers = || select(vec!["default", "r1", "r2"]).prop_map(String::from);
    let customers = || select(vec!["default", "c1", "c2", "c3"]).prop_map(String::from);
    let addresses = || (customers(), select(vec!["a", "b", "c"]));
    let fields = |names: Vec<(&'static str, Vec<&'static str>)>| {
        let one = select(names)
            .prop_flat_map(|(field, values)| (Just(field), select(values)))
            .prop_map(|(field, value)| Assignment {
                field: field.into(),
                value: value.into(),
            });
        prop::collection::vec(one, 0..4)
    };
    let level = vec![
        ("space", vec!["unlimited", "1GiB", "10GiB", "+1GiB"]),
        ("activated", vec!["yes", "no"]),
        ("reason", vec!["", "unpaid: \"2041\""]),
        ("until", vec!["none", "2027-01-01"]),
        (
            "throttle",
            vec![
                "inherit",
                "unlimited",
                "8Mbit/s always",
                "4Mbit/s 22:00-06:00",
            ],
        ),
        ("restore_throttle", vec!["inherit", "1MiB/s always"]),
    ];
    let with = |more: Vec<(&'static str, Vec<&'static str>)>| [level.clone(), more].concat();
    let giver = vec![
        ("overcommit", vec!["yes", "no"]),
        ("mcals", vec!["Auto", "5", "3/month", "+2"]),
        ("automatically_add_clients", vec!["yes", "no"]),
    ];
    let of_reseller = with([giver.clone(), vec![("contact", vec!["", "a, b"])]].concat());
    let of_customer = with(
        [
            giver,
            vec![
                ("maximum_client_limit", vec!["0", "1", "unlimited"]),
                ("notes", vec!["", "two\nlines"]),
                ("time_zone", vec!["inherit", "Asia/Tokyo"]),
                ("weekend_days", vec!["inherit", "none", "friday"]),
                ("append_only", vec!["inherit", "yes", "no"]),
            ],
        ]
        .concat(),
    );
    let of_client = with(vec![
        ("platform", vec!["desktop", "server"]),
        ("plugins", vec!["none", "sql", "exchange,sql"]),
    ]);
    let of_server = vec![
        ("space", vec!["unlimited", "100GiB"]),
        ("mcals", vec!["unlimited", "500"]),
        ("contact", vec!["", "help@msp.example"]),
        ("time_zone", vec!["UTC", "Europe/Vienna"]),
    ];
    let edit = |target, assignments| Request::Edit {
        target,
        assignments,
        expect_revision: None,
        dry_run: false,
    };
    prop_oneof![
        (resellers(), fields(of_reseller.clone())).prop_map(|(short, assignments)| {
            Request::ResellerAdd {
                name: format!("Reseller {short}"),
                short: Some(short),
                assignments,
                dry_run: false,
            }
        }),
        (customers(), resellers(), fields(of_customer.clone())).prop_map(
            |(short, reseller, assignments)| Request::CustomerAdd {
                name: format!("Customer {short}"),
                short: Some(short),
                reseller: Some(reseller),
                like: None,
                assignments,
                dry_run: false,
            }
        ),
        (addresses(), fields(of_client.clone())).prop_map(|((customer, id), assignments)| {
            Request::ClientAdd {
                customer,
                ids: vec![id.parse().unwrap()],
                if_missing: false,
                password: None,
                assignments,
            }
        }),
        fields(of_server).prop_map(move |fields| edit(Target::Server {}, fields)),
        (resellers(), fields(of_reseller))
            .prop_map(move |(reseller, fields)| edit(Target::Reseller { reseller }, fields)),
        (customers(), fields(of_customer))
            .prop_map(move |(customer, fields)| edit(Target::Customer { customer }, fields)),
        (addresses(), fields(of_client)).prop_map(move |((customer, id), fields)| {
            let address = at(&format!("{customer}/{id}"));
            edit(Target::Client { address }, fields)
        }),
        addresses().prop_map(|(customer, id)| Request::ClientRevoke {
            address: at(&format!("{customer}/{id}")),
        }),
        (customers(), resellers())
            .prop_map(|(customer, reseller)| Request::CustomerMove { customer, reseller }),
        (addresses(), customers()).prop_map(|((from, id), customer)| Request::ClientMove {
            address: at(&format!("{from}/{id}")),
            customer,
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_tree_there_is_goes_round(deeds in prop::collection::vec(deed(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (from, to) = (House::new().await, House::new().await);
            let mut talk = from.control().await;
            for deed in deeds {
                talk.ask(deed).await;
            }
            let records = talk.export().await;
            talk.stage(&records).await;
            assert_eq!(talk.apply(false, true).await.steps.items, []);
            let mut other = to.control().await;
            other.stage(&records).await;
            other.apply(false, true).await;
            assert_eq!(other.export().await, records);
        });
    }
}
