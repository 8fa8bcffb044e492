# METADATA
# title: Who may do what
# description: >-
#   Decides every request that the api answers. All facts travel in the input, so that what was taken back is refused at once:
#
#   principal: {kind: anonymous} or {kind: token, workspace, token, scopes, owner?, run?, sessionScopes?}
#
#   action: one of the rules below
#
#   resource: {workspace?, open?, offer?: {public, userService}, offers?, reader?}
#
#   The api takes `decision` alone. deploy/policies/access_test.rego and libs/access/src/access-table.spec.ts say what it has to be; after a
#   change `node scripts/policy.ts build` makes libs/access/policy/access.wasm anew.
package runnel.access

# Who may take an action. anyone: without a token · holder: with any token · owner: with a token of the resource's workspace. The others are the
# owner and: callers, whom the process is offered to; readers, who may have it as a public one; visitors, where there is something for them to
# see; witnesses, in whose workspace the run executes. With `session` any scope will do, or a token that is for this alone.
rules := {
	"service.describe": {"who": "anyone"},
	"service.observe": {"who": "anyone"},
	"process.list": {"who": "visitors", "scope": "read"},
	"process.read": {"who": "callers", "scope": "read"},
	"process.source": {"who": "readers", "scope": "read"},
	"process.deploy": {"who": "owner", "scope": "deploy"},
	"process.execute": {"who": "callers", "scope": "execute"},
	"run.list": {"who": "owner", "scope": "read"},
	"run.read": {"who": "witnesses", "scope": "read"},
	"run.update": {"who": "owner", "scope": "execute"},
	"run.dismiss": {"who": "owner", "scope": "execute"},
	"file.read": {"who": "owner", "scope": "read"},
	"file.write": {"who": "owner", "scope": "write"},
	"policy.write": {"who": "owner", "scope": "deploy"},
	"event.send": {"who": "owner", "scope": "execute"},
	"event.read": {"who": "owner", "scope": "read"},
	"harvest.read": {"who": "owner", "scope": "read"},
	"harvest.hook": {"who": "holder", "scope": "operator"},
	# Who signed it is checked by its handler.
	"harvest.push": {"who": "anyone"},
	"trigger.read": {"who": "owner", "scope": "read"},
	"trigger.write": {"who": "owner", "scope": "deploy"},
	"usage.read": {"who": "owner", "scope": "read"},
	"workspace.read": {"who": "owner", "scope": "read"},
	"workspace.manage": {"who": "owner", "scope": "manage"},
	"history.read": {"who": "owner", "scope": "read"},
	"history.write": {"who": "owner", "scope": "deploy"},
	"token.read": {"who": "owner", "scope": "tokens"},
	"token.write": {"who": "owner", "scope": "tokens"},
	# What is exchanged is in the request; its handler asks for that.
	"token.exchange": {"who": "anyone"},
	"session.create": {"who": "owner", "session": true},
	"executor.read": {"who": "holder", "scope": "read"},
	"executor.write": {"who": "holder", "scope": "operator"},
	"quota.read": {"who": "holder", "scope": "operator"},
	"tenant.read": {"who": "holder", "scope": "operator"},
	"tenant.write": {"who": "holder", "scope": "operator"},
	"quota.write": {"who": "holder", "scope": "operator"},
	"dead-letter.read": {"who": "holder", "scope": "operator"},
	"dead-letter.write": {"who": "holder", "scope": "operator"},
}

# What callers without a token may do where the administrator opened the route to them; its handler shows them only what is public.
open_actions := {
	"process.list", "process.read", "process.source", "process.execute",
	"run.list", "run.read", "run.dismiss",
}

rule := rules[input.action]

# What no rule allows is refused. The order of refusals is part of the answer: what a token could do elsewhere is not told to a foreigner.
default decision := {"allow": false, "reason": "unknown", "message": "the policy knows no such action"}

decision := {"allow": true} if {
	rule.who == "anyone"
} else := {"allow": true} if {
	opened
} else := refused("unauthenticated", "this needs a token") if {
	rule.who
	input.principal.kind != "token"
} else := refused("foreign", concat("", ["the token is of workspace ", input.principal.workspace])) if {
	rule.who
	not among
} else := refused("scope", lacking) if {
	lacking
} else := {"allow": true} if {
	among
}

refused(reason, message) := {"allow": false, "reason": reason, "message": message}

opened if {
	input.principal.kind == "anonymous"
	input.resource.open == true
	input.action in open_actions
}

among if rule.who == "holder"

among if {
	rule.who != "anyone"
	input.resource.workspace == input.principal.workspace
}

among if {
	rule.who == "callers"
	offered != "private"
}

among if {
	rule.who == "readers"
	offered == "public"
}

among if {
	rule.who == "visitors"
	input.resource.offers == true
}

among if {
	rule.who == "witnesses"
	input.resource.reader == input.principal.workspace
}

# A service stays one where it is called public too: its data is the owner's.
default offered := "private"

offered := "user-service" if {
	input.resource.offer.userService == true
} else := "public" if {
	input.resource.offer.public == true
}

lacking := concat("", [`the token lacks the scope "`, rule.scope, `"`]) if {
	rule.scope
	not rule.scope in input.principal.scopes
}

lacking := "the token lacks the scope of any session" if {
	rule.session
	not may_have_session
}

# A run's tools would outlive the run with one.
may_have_session if {
	not input.principal.run
	count(input.principal.scopes) > 0
}

may_have_session if {
	not input.principal.run
	input.principal.sessionScopes
}
