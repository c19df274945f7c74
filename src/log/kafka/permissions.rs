//! Which of some topics a user may not use as it must: asked of the broker, where an error of the client does not name the topic.
//!
//! The client has this question only in its native form. It needs no right but to describe, and changes nothing.

use super::acl::{Acl, Operation};
use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::time::{Duration, Instant};

/// The longest wait for the answer: whoever asks has an error to tell.
const PATIENCE: Duration = Duration::from_secs(3);

type Allowed = BTreeMap<String, Vec<native::rd_kafka_AclOperation_t>>;

/// Those of the ACLs, each of another topic, that this user lacks; `None` when the broker does not say.
pub fn lacking<C: ClientContext>(client: &Client<C>, wanted: &[Acl]) -> Option<Vec<Acl>> {
    let names: Option<Vec<CString>> = wanted.iter().map(|acl| CString::new(acl.name.as_str()).ok()).collect();
    let allowed = allowed(client, &names?)?;
    let lacks =
        |acl: &&Acl| allowed.get(&acl.name).is_some_and(|operations| !operations.contains(&native_operation(acl.operation)));
    Some(wanted.iter().filter(lacks).cloned().collect())
}

/// What may be done with each topic: nothing with one that may not even be described. One of which the broker says something
/// else (that it has no leader, for example) is not among them.
fn allowed<C: ClientContext>(client: &Client<C>, names: &[CString]) -> Option<Allowed> {
    let client = client.native_ptr();
    let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let timeout_ms = PATIENCE.as_millis() as i32;
    // SAFETY: the client is alive, librdkafka copies names and options, and what it made is destroyed once, after the answer
    // was read.
    unsafe {
        let topics = native::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        let options = native::rd_kafka_AdminOptions_new(client, native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        native::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, std::ptr::null_mut(), 0);
        let refused = native::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
        let queue = native::rd_kafka_queue_new(client);
        native::rd_kafka_DescribeTopics(client, topics, options, queue);
        native::rd_kafka_TopicCollection_destroy(topics);
        native::rd_kafka_AdminOptions_destroy(options);
        if !refused.is_null() {
            native::rd_kafka_error_destroy(refused);
        }
        let deadline = Instant::now() + PATIENCE;
        let mut event: *mut native::rd_kafka_event_t = std::ptr::null_mut();
        while event.is_null() && Instant::now() < deadline {
            event = native::rd_kafka_queue_poll(queue, timeout_ms);
        }
        let mut allowed = None;
        if !event.is_null() {
            allowed = read(event);
            native::rd_kafka_event_destroy(event);
        }
        native::rd_kafka_queue_destroy(queue);
        allowed
    }
}

/// # Safety
///
/// `event` is alive.
unsafe fn read(event: *mut native::rd_kafka_event_t) -> Option<Allowed> {
    let mut allowed = Allowed::new();
    // SAFETY: everything that is read belongs to the event, with the counts that librdkafka gives.
    unsafe {
        let result = native::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() || native::rd_kafka_event_error(event) != native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        let mut count = 0;
        let topics = native::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        for at in 0..count {
            let topic = *topics.add(at);
            let name = CStr::from_ptr(native::rd_kafka_TopicDescription_name(topic)).to_string_lossy().into_owned();
            let error = native::rd_kafka_TopicDescription_error(topic);
            if !error.is_null() {
                let code = native::rd_kafka_error_code(error);
                if code == native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED {
                    allowed.insert(name, Vec::new());
                    continue;
                }
                if code != native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                    continue;
                }
            }
            let mut known = 0;
            let operations = native::rd_kafka_TopicDescription_authorized_operations(topic, &mut known);
            if !operations.is_null() {
                allowed.insert(name, std::slice::from_raw_parts(operations, known).to_vec());
            }
        }
    }
    Some(allowed)
}

fn native_operation(operation: Operation) -> native::rd_kafka_AclOperation_t {
    use native::rd_kafka_AclOperation_t as Of;
    match operation {
        Operation::Create => Of::RD_KAFKA_ACL_OPERATION_CREATE,
        Operation::Delete => Of::RD_KAFKA_ACL_OPERATION_DELETE,
        Operation::Describe => Of::RD_KAFKA_ACL_OPERATION_DESCRIBE,
        Operation::DescribeConfigs => Of::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS,
        Operation::Read => Of::RD_KAFKA_ACL_OPERATION_READ,
        Operation::Write => Of::RD_KAFKA_ACL_OPERATION_WRITE,
    }
}
