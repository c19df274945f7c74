//! `accrue topics --acls`: what Kafka's authorizer must allow, a line for each ACL with the options of `kafka-acls` that add it.
//!
//! Asks no broker: whoever may grant them need not be who uses them.

use super::console::Console;
use super::exit::Exit;
use super::kafka;
use crate::config::Config;
use crate::log::kafka::acl::{Role, word};
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub struct Acls {
    /// Print the ACLs that are needed, for kafka-acls
    #[arg(long, conflicts_with_all = ["create", "partitions"])]
    acls: bool,
    /// Of one role: worker, http (its --token-file),
    /// append (publish, ingest, close), read or create
    #[arg(long, value_parser = role, requires = "acls", conflicts_with_all = ["create", "partitions"], verbatim_doc_comment)]
    role: Option<Role>,
    /// Who has it; default: User:APPLICATION-ROLE,
    /// such as User:accrue-worker (of http, too)
    #[arg(long, value_name = "WHO", value_parser = principal, requires = "role", conflicts_with_all = ["create", "partitions"],
        verbatim_doc_comment)]
    principal: Option<String>,
}

fn role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(Role::name).join(", ");
    Role::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| format!("the roles are {}", names()))
}

/// A line holds one ACL.
fn principal(text: &str) -> Result<String, String> {
    let named = !text.is_empty() && !text.chars().any(char::is_control);
    if named { Ok(text.into()) } else { Err("a principal is not empty and has no control characters, such as User:ana".into()) }
}

impl Acls {
    pub fn are_asked_for(&self) -> bool {
        self.acls
    }

    pub fn print(&self, config: &Config, console: &Console) -> anyhow::Result<Exit> {
        let roles = Role::ALL.into_iter().filter(|role| self.role.is_none_or(|wanted| wanted == *role));
        for role in roles {
            let usual = format!("User:{}-{}", config.kafka.application_id, user_of(role).name());
            let principal = self.principal.as_ref().unwrap_or(&usual);
            for acl in kafka::acls(config, role) {
                if console.json {
                    let pattern = if acl.prefixed { "prefixed" } else { "literal" };
                    console.object(&json!({"role": role.name(), "principal": principal, "operation": acl.operation.name(),
                        "resource": acl.resource.option(), "name": acl.name, "pattern": pattern}))?;
                } else {
                    console.line(&format!("--add --allow-principal {} {acl}", word(principal)))?;
                }
            }
        }
        Ok(Exit::Done)
    }
}

/// Deals over HTTP are a worker's.
fn user_of(role: Role) -> Role {
    if role == Role::Http { Role::Worker } else { role }
}
