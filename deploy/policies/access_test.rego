package runnel.access_test

import data.runnel.access

# Who asks.
everything := ["read", "execute", "deploy", "write", "tokens", "manage", "operator"]

of(workspace, scopes) := {"kind": "token", "workspace": workspace, "token": "t", "scopes": scopes}

anonymous := {"kind": "anonymous"}

asked(principal, action, resource) := decision if {
	decision := access.decision with input as {
		"principal": principal,
		"action": action,
		"resource": object.union({"workspace": "d"}, resource),
	}
}

may(principal, action, resource) if asked(principal, action, resource).allow

reason(principal, action, resource) := asked(principal, action, resource).reason

# What concerns no workspace, and so is not refused at its border.
everywhere := {action | some action, rule in access.rules; rule.who in {"anyone", "holder"}}

test_every_rule_names_whom_it_is_for if {
	every rule in access.rules {
		rule.who in {"anyone", "holder", "owner", "callers", "readers", "visitors", "witnesses"}
	}
}

test_every_rule_but_those_for_anyone_asks_for_a_right if {
	every rule in access.rules {
		object.get(rule, "scope", object.get(rule, "session", rule.who)) in array.concat(everything, [true, "anyone"])
	}
}

test_members_with_all_scopes_may_do_everything if {
	every action, _ in access.rules {
		may(of("d", everything), action, {})
	}
}

test_nobody_may_do_what_no_rule_names if {
	reason(of("d", everything), "process.steal", {}) == "unknown"
	reason(anonymous, "", {}) == "unknown"
	access.decision.reason == "unknown" with input as {}
}

test_anonymous_callers_may_do_what_is_for_anyone if {
	{action | some action, _ in access.rules; may(anonymous, action, {})} == {action |
		some action, rule in access.rules
		rule.who == "anyone"
	}
	reason(anonymous, "run.list", {}) == "unauthenticated"
}

test_anonymous_callers_where_it_is_open if {
	{action | some action, _ in access.rules; may(anonymous, action, {"open": true})} == access.open_actions | {
		"service.describe", "service.observe", "harvest.push", "token.exchange",
	}
	not may(of("c", everything), "process.read", {"open": true})
}

test_a_principal_of_no_known_kind_is_nobody if {
	reason({"kind": "operator", "workspace": "d", "scopes": everything}, "run.list", {}) == "unauthenticated"
}

test_others_stop_at_the_border if {
	{action | some action, _ in access.rules; may(of("c", everything), action, {})} == everywhere
	reason(of("c", []), "run.read", {}) == "foreign"
}

test_a_resource_of_no_workspace_is_nobodys if {
	access.decision.reason == "foreign" with input as {"principal": of("d", everything), "action": "run.read", "resource": {}}
}

test_what_is_offered if {
	public := {"offer": {"public": true, "userService": false}}
	service := {"offer": {"public": false, "userService": true}}
	both := {"offer": {"public": true, "userService": true}}
	private := {"offer": {"public": false, "userService": false}}
	every resource in [service, both] {
		granted(resource) == {"process.read", "process.execute"}
	}
	granted(public) == {"process.read", "process.execute", "process.source"}
	granted(private) == set()
	granted({"offers": true}) == {"process.list"}
	granted({"offers": false}) == set()
	granted({"reader": "c"}) == {"run.read"}
	granted({"reader": "b"}) == set()
}

# Beyond what every holder of a token may do.
granted(resource) := {action | some action, _ in access.rules; may(of("c", everything), action, resource)} - everywhere

test_each_scope_is_needed if {
	every action, rule in access.rules {
		{s | some s in everything; may(of("d", [s]), action, {})} == {s | some s in everything; enough(rule, s)}
	}
	asked(of("d", ["read"]), "file.write", {}).message == `the token lacks the scope "write"`
}

enough(rule, _) if rule.who == "anyone"

enough(rule, _) if rule.session

enough(rule, scope) if rule.scope == scope

test_sessions if {
	refresh := object.union(of("d", []), {"sessionScopes": ["read"]})
	may(refresh, "session.create", {})
	not may(refresh, "run.list", {})
	reason(of("d", []), "session.create", {}) == "scope"
	reason(object.union(of("d", ["read"]), {"run": "r"}), "session.create", {}) == "scope"
	reason(object.union(refresh, {"run": "r"}), "session.create", {}) == "scope"
}
