//! Schemas of others: read where they fit, by id or guid, in front of the value or in a header; refused with the difference
//! where they do not; and never guessed while nobody can tell.

use super::fixtures;
use super::independent::schema;
use crate::domain::topic::{Position, Topic, partition_of};
use crate::wire::published::{PUBLISHED, Published};
use crate::wire::{Codec, Format, PinnedSchema, Raw, SchemaId, Unread};
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const OWN: u32 = 100;

/// A registry: texts by id, what was asked, and whether it is there.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    texts: BTreeMap<SchemaId, String>,
    asked: Vec<SchemaId>,
    down: bool,
}

impl Fake {
    fn with(texts: &[(SchemaId, String)]) -> Fake {
        let fake = Fake::default();
        fake.0.lock().unwrap().texts = texts.iter().cloned().collect();
        fake
    }

    fn codec(&self) -> Codec {
        let fake = self.0.clone();
        let ask = move |id| {
            let mut state = fake.lock().unwrap();
            state.asked.push(id);
            if state.down { Err("the registry is not to be had".to_owned()) } else { Ok(state.texts.get(&id).cloned()) }
        };
        let id = |topic: Topic| PUBLISHED.iter().position(|published| published.topic == topic).map(|at| OWN + at as u32);
        Codec::new().unwrap().with_registry(id, Box::new(ask)).unwrap()
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked.len()
    }

    fn set_down(&self, down: bool) {
        self.0.lock().unwrap().down = down;
    }
}

fn raw<'b>(value: &'b [u8], headers: &'b [(String, Vec<u8>)]) -> Raw<'b> {
    let position = Position { topic: Topic::DealClosed, partition: partition_of(b"D-1", 4), offset: 0 };
    Raw { position, key: Some(b"D-1"), value: Some(value), headers }
}

fn taken(codec: &Codec, raw: Raw<'_>) -> Result<String, String> {
    let mut scratch = Vec::new();
    let input = codec.take(raw, 4, 100_000, &mut scratch);
    input.map(|input| format!("{input:?}")).map_err(|unread| match unread {
        Unread::Refused(reject) => reject.to_string(),
        Unread::Unavailable(why) => format!("cannot tell: {why}"),
    })
}

/// The schema of deals with something changed.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut json = serde_json::from_str(Published::of(Topic::DealClosed).unwrap().text).unwrap();
    change(&mut json);
    json.to_string()
}

fn field<'v>(schema: &'v mut Value, name: &str) -> &'v mut Value {
    let fields = schema["fields"].as_array_mut().unwrap();
    fields.iter_mut().find(|field| field["name"] == name).unwrap()
}

/// The deal of the fixtures as Avro's values.
fn deal_value(codec: &Codec) -> Vec<(String, Avro)> {
    let mut bytes = Vec::new();
    codec.write_deal(&fixtures::deal(), &mut bytes).unwrap();
    let schema = schema("deal-closed");
    match GenericDatumReader::builder(&schema).build().unwrap().read_value(&mut &bytes[5..]).unwrap() {
        Avro::Record(fields) => fields,
        other => panic!("{other:?}"),
    }
}

fn body(text: &str, fields: Vec<(String, Avro)>) -> Vec<u8> {
    let schema = Schema::parse_str(text).unwrap();
    GenericDatumWriter::builder(&schema).build().unwrap().write_value_to_vec(Avro::Record(fields)).unwrap()
}

fn framed(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], body].concat()
}

fn set(fields: &mut [(String, Avro)], name: &str, value: Avro) {
    fields.iter_mut().find(|(known, _)| known == name).unwrap().1 = value;
}

#[test]
fn what_another_schema_wrote_is_read_under_ours() {
    type Change = fn(&mut Value);
    type Values = fn(&mut Vec<(String, Avro)>);
    let more: Change = |schema| schema["fields"].as_array_mut().unwrap().push(json!({"name": "note", "type": "string"}));
    let fewer: Change = |schema| schema["fields"].as_array_mut().unwrap().retain(|field| field["name"] != "related_deal");
    let named: Change = |schema| *field(schema, "customer") = json!({"name": "customer", "type": "string"});
    let texts: Change = |schema| field(schema, "attributes")["type"] = json!({"type": "map", "values": "string"});
    let small: Change = |schema| field(schema, "revision")["type"] = "int".into();
    let turned: Change = |schema| *field(schema, "stage") = json!({"name": "stage", "type": ["string", "null"]});
    let moved: Change = |schema| schema["fields"].as_array_mut().unwrap().rotate_right(1);
    let only_texts: Values = |fields| {
        let one = Avro::Map([("region".to_owned(), Avro::String("north".into()))].into_iter().collect());
        set(fields, "attributes", one);
    };
    let cases: [(&str, Change, Values); 7] = [
        ("a field more", more, |fields| fields.push(("note".into(), Avro::String("n".into())))),
        ("a field less", fewer, |fields| fields.retain(|(name, _)| name != "related_deal")),
        ("never null", named, |fields| set(fields, "customer", Avro::String("Initech".into()))),
        ("attributes that are texts", texts, only_texts),
        ("int, not long", small, |fields| set(fields, "revision", Avro::Int(2))),
        ("null last", turned, |fields| set(fields, "stage", Avro::Union(0, Box::new(Avro::String("won".into()))))),
        ("another order", moved, |fields| fields.rotate_right(1)),
    ];
    for (what, change, values) in cases {
        let text = changed(change);
        let codec = Fake::with(&[(SchemaId::Id(7), text.clone())]).codec();
        let mut fields = deal_value(&codec);
        values(&mut fields);
        let mut expected = fixtures::deal();
        match what {
            "a field less" => expected.related_deal = None,
            "attributes that are texts" => expected.attributes.retain(|(name, _)| *name == "region"),
            _ => {}
        }
        let value = framed(7, &body(&text, fields));
        assert_eq!(taken(&codec, raw(&value, &[])), Ok(format!("Deal({expected:?})")), "{what}");
    }
}

#[test]
fn a_schema_is_named_in_four_ways_and_asked_for_once() {
    let guid = [0x2f, 0x1d, 0xd0, 0x6b, 0xb3, 0x7b, 0x4b, 0x9c, 0x9b, 0x1e, 0x9b, 0x1b, 0x5b, 0x9e, 0x0a, 0x01];
    assert_eq!(SchemaId::Guid(guid).to_string(), "schema guid 2f1dd06b-b37b-4b9c-9b1e-9b1b5b9e0a01");
    // Without docs it is another text, and the same layout.
    let same = changed(|schema| drop(schema.as_object_mut().unwrap().remove("doc")));
    let more = changed(|schema| schema["fields"].as_array_mut().unwrap().push(json!({"name": "note", "type": "string"})));
    let fake = Fake::with(&[
        (SchemaId::Id(7), same.clone()),
        (SchemaId::Id(8), more.clone()),
        (SchemaId::Guid(guid), same.clone()),
        (SchemaId::Guid([1; 16]), more.clone()),
    ]);
    let codec = fake.codec();
    let fields = deal_value(&codec);
    let ours = body(&same, fields.clone());
    let theirs = body(&more, fields.into_iter().chain([("note".to_owned(), Avro::String("n".into()))]).collect());
    let header = |magic: u8, id: &[u8]| vec![("__value_schema_id".to_owned(), [&[magic], id].concat())];
    let cases = [
        (framed(OWN, &ours), vec![]),
        (framed(7, &ours), vec![]),
        (framed(8, &theirs), vec![]),
        (ours.clone(), header(0, &OWN.to_be_bytes())),
        (ours.clone(), header(0, &7u32.to_be_bytes())),
        (theirs.clone(), header(0, &8u32.to_be_bytes())),
        (ours.clone(), header(1, &guid)),
        (theirs.clone(), header(1, &[1; 16])),
    ];
    for _ in 0..3 {
        for (value, headers) in &cases {
            assert_eq!(taken(&codec, raw(value, headers)), Ok(format!("Deal({:?})", fixtures::deal())), "{headers:?}");
        }
    }
    assert_eq!(fake.asked(), PUBLISHED.len() + 4, "our own at the start, then two ids and two guids");
    let refused = taken(&codec, raw(&ours, &header(1, &[1, 2]))).unwrap_err();
    assert_eq!(refused, "header __value_schema_id of 3 bytes, expected byte 0x00 and an id, or 0x01 and a guid [unknown_format]");
}

#[test]
fn a_schema_that_does_not_fit_is_refused_with_the_difference() {
    let quota = Published::of(Topic::QuotaChanged).unwrap().text.to_owned();
    let digits = changed(|schema| {
        let lines = field(schema, "lines");
        field(&mut lines["type"]["items"], "amount")["type"]["scale"] = 2.into();
    });
    let renamed = changed(|schema| field(schema, "closed_on")["name"] = "closed".into());
    let recursive = r#"{"type":"record","name":"DealClosed","fields":[{"name":"next","type":["null","DealClosed"]}]}"#;
    let table = [
        (quota, "schema id 7 cannot be read as deal-closed: record QuotaChanged is written, record DealClosed is read"),
        (
            digits,
            "schema id 7 cannot be read as deal-closed: lines[].amount: bytes as decimal(24,2) is written, bytes as \
             decimal(24,6) is read",
        ),
        (renamed, "schema id 7 cannot be read as deal-closed: closed_on: is not written, and has no default"),
        (recursive.into(), "schema id 7 is not read: DealClosed holds itself: recursive schemas are not read"),
        ("\"PROTOBUF\"".into(), "schema id 7 is not read: there is no type PROTOBUF"),
    ];
    for (text, expected) in table {
        let codec = Fake::with(&[(SchemaId::Id(7), text)]).codec();
        assert_eq!(taken(&codec, raw(&framed(7, b"anything"), &[])), Err(format!("{expected} [unknown_schema]")));
    }
    let more = changed(|schema| schema["fields"].as_array_mut().unwrap().push(json!({"name": "note", "type": "string"})));
    let codec = Fake::with(&[(SchemaId::Id(7), more.clone())]).codec();
    let fields = deal_value(&codec).into_iter().chain([("note".to_owned(), Avro::String("n".into()))]).collect();
    let good = framed(7, &body(&more, fields));
    for length in 5..good.len() {
        let refused = taken(&codec, raw(&good[..length], &[])).unwrap_err();
        assert!(refused.ends_with("[not_decodable]"), "{length}: {refused}");
    }
    // A text of a hundred million bytes, in nine. How much memory may be taken for it is said once in a process, here perhaps
    // by another test.
    let claims = taken(&codec, raw(&framed(7, &[0x80, 0x84, 0xaf, 0x5f]), &[])).unwrap_err();
    assert!(claims.ends_with("[not_decodable]"), "{claims}");
    let longer = [good.as_slice(), b"xy"].concat();
    assert_eq!(taken(&codec, raw(&longer, &[])).unwrap_err(), "2 bytes after the end of the record [trailing_bytes]");
}

#[test]
fn while_nobody_can_tell_nothing_is_refused_and_what_is_known_goes_on() {
    let more = changed(|schema| schema["fields"].as_array_mut().unwrap().push(json!({"name": "note", "type": "string"})));
    let fake = Fake::with(&[(SchemaId::Id(7), more.clone()), (SchemaId::Id(8), more.clone())]);
    let codec = fake.codec();
    let fields = deal_value(&codec);
    let own = framed(OWN, &body(Published::of(Topic::DealClosed).unwrap().text, fields.clone()));
    let theirs = body(&more, fields.into_iter().chain([("note".to_owned(), Avro::String("n".into()))]).collect());
    let read = |codec: &Codec, id: u32| taken(codec, raw(&framed(id, &theirs), &[]));
    assert!(read(&codec, 7).is_ok());
    assert_eq!(read(&codec, 9).unwrap_err(), "schema id 9 is not in the registry [unknown_schema]");
    fake.set_down(true);
    assert!(read(&codec, 7).is_ok() && taken(&codec, raw(&own, &[])).is_ok());
    assert_eq!(read(&codec, 9).unwrap_err(), "schema id 9 is not in the registry [unknown_schema]", "told once");
    assert_eq!(read(&codec, 8).unwrap_err(), "cannot tell: the registry is not to be had");
    fake.set_down(false);
    assert!(read(&codec, 8).is_ok());
    let contracts = codec.contracts(&[Topic::DealClosed]);
    assert!(contracts.registry);
    assert_eq!(contracts.schemas.iter().map(|pin| pin.id).collect::<Vec<_>>(), [7, 8]);
    // A registry that lagged behind has it later.
    fake.0.lock().unwrap().texts.insert(SchemaId::Id(9), more);
    std::thread::sleep(std::time::Duration::from_millis(550));
    assert!(read(&codec, 9).is_ok());
    let inside = codec.contracts(&[Topic::Credits]);
    assert_eq!((inside.registry, inside.schemas.len()), (false, 3), "every stage reads facts");
    assert_eq!(Codec::new().unwrap().contracts(&[Topic::Credits]), Default::default());
}

#[test]
fn an_id_means_for_ever_what_a_commit_record_says_that_it_means() {
    let more = changed(|schema| schema["fields"].as_array_mut().unwrap().push(json!({"name": "note", "type": "string"})));
    let fake = Fake::with(&[(SchemaId::Id(7), more)]);
    let other = [9; 16];
    let pinned = |fingerprint| {
        let codec = fake.codec();
        codec.pin(&[PinnedSchema { id: 7, fingerprint }]).unwrap();
        taken(&codec, raw(&framed(7, b"anything"), &[])).unwrap_err()
    };
    assert_eq!(
        pinned(other),
        "cannot tell: schema id 7 is another schema in the registry than it was when it was read before; bring the registry \
         back from a backup"
    );
    let codec = fake.codec();
    assert!(taken(&codec, raw(&framed(7, b"anything"), &[])).unwrap_err().ends_with("[not_decodable]"));
    let pins = codec.contracts(&[Topic::DealClosed]).schemas;
    assert_eq!(codec.pin(&pins), Ok(()));
    let refused = codec.pin(&[PinnedSchema { id: 7, fingerprint: other }]).unwrap_err();
    assert!(refused.starts_with("schema id 7 is another schema in the registry than it was when it was folded"), "{refused}");
    fake.0.lock().unwrap().texts.clear();
    let lost = fake.codec();
    lost.pin(&pins).unwrap();
    let said = taken(&lost, raw(&framed(7, b"anything"), &[])).unwrap_err();
    assert_eq!(said, "cannot tell: the registry has lost schema id 7; bring it back from a backup");
}

#[test]
fn ids_of_a_registry_and_our_own_do_not_mix() {
    let [plain, of_registry] = [Codec::new().unwrap(), Fake::default().codec()];
    let topics = [Topic::DealClosed];
    let said = |now: &Codec, before: &Codec, folded: &[Topic]| now.contradicts(&before.contracts(&topics), folded);
    assert_eq!(said(&of_registry, &plain, &[]), None, "nothing is folded yet");
    assert_eq!(said(&of_registry, &of_registry, &topics), None);
    assert!(said(&of_registry, &plain, &topics).unwrap().ends_with("whose ids are others: leave [registry] out"));
    assert!(said(&plain, &of_registry, &topics).unwrap().ends_with("names none: name it again in [registry]"));
    assert_eq!(said(&of_registry, &plain, &[Topic::Credits]), None);
}

#[test]
fn garbage_does_not_fill_the_commit_record() {
    let codec = Fake::default().codec();
    for id in 1_000..1_500 {
        assert!(taken(&codec, raw(&framed(id, b"x"), &[])).unwrap_err().contains("is not in the registry"));
    }
    assert_eq!(codec.contracts(&[Topic::DealClosed]).schemas.len(), 0);
}

#[test]
fn what_we_wrote_under_an_earlier_version_is_read_under_the_registrys_id() {
    let facts = Published::of(Topic::Facts).unwrap();
    let (_, before) = facts.earlier.iter().find(|(id, _)| *id == 18).unwrap();
    let fake = Fake::with(&[(SchemaId::Id(7), (*before).to_owned()), (SchemaId::Id(8), "\"int\"".into())]);
    let codec = fake.codec();
    let fact = fixtures::facts().swap_remove(1);
    let mut bytes = Vec::new();
    codec.write_fact(&fact, &mut bytes).unwrap();
    assert_eq!(codec.fact(&bytes).unwrap(), fact);
    let [under_earlier, unfit] = [7, 8].map(|id| framed(id, &bytes[5..]));
    assert_eq!(codec.fact(&under_earlier).unwrap(), fact, "a calendar is written alike under both");
    assert!(codec.fact(&unfit).unwrap_err().to_string().ends_with("[unknown_schema]"));
    fake.set_down(true);
    assert_eq!(codec.fact(&under_earlier).unwrap(), fact);
    assert!(matches!(codec.fact(&framed(9, &bytes[5..])), Err(Unread::Unavailable(_))));
}

#[test]
fn results_that_are_json_need_no_id_and_those_before_are_read_under_theirs() {
    let text = Published::of(Topic::Payout).unwrap().text;
    let fake = Fake::with(&[(SchemaId::Id(7), text.to_owned())]);
    let with = |formats: &[(Topic, Format)]| {
        let fake = fake.clone();
        let ask = move |id| Ok(fake.0.lock().unwrap().texts.get(&id).cloned());
        let own = |topic: Topic| (topic != Topic::Payout).then_some(OWN + topic as u32);
        Codec::new().unwrap().with_formats(formats).with_registry(own, Box::new(ask))
    };
    let refused = with(&[]).err().map(|error| error.to_string());
    assert_eq!(refused.as_deref(), Some("schema payout: has no id of the registry"));
    let codec = with(&[(Topic::Payout, Format::Json)]).unwrap();
    let (payout, mut bytes) = (fixtures::payout(), Vec::new());
    codec.write_payout(&payout, &mut bytes).unwrap();
    assert_eq!((bytes[0], codec.read_payout(&bytes).unwrap()), (b'{', payout.clone()));
    let mut before = Vec::new();
    Codec::new().unwrap().write_payout(&payout, &mut before).unwrap();
    assert_eq!(codec.read_payout(&framed(7, &before[5..])).unwrap(), payout);
    let unknown = codec.read_payout(&framed(23, &before[5..])).unwrap_err().to_string();
    assert_eq!(unknown, "payout record cannot be read: schema id 23 is none of payout [unknown_schema]");
}
