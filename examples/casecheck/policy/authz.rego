# Who may do what in CaseCheck. The API asks POST /v1/data/casecheck/authz/response with
#   {"input": {"subject": {"id", "role"}, "action", "resource": {"creator_id", "status", ...}, "context"}}
# and gets {"allow", "reasons"}. Without an input, or with one that no rule knows, the answer is no.
package casecheck.authz

default allow := false

allow if count(granted) > 0

response := {"allow": allow, "reasons": reasons}

reasons := sort([reason | some reason in granted]) if allow

reasons := ["no rule allows it"] if not allow

# Each rule that grants, by its name.
granted contains "administrator" if input.subject.role == "ADMIN"

granted contains "own record" if {
	input.subject.role in {"USER", "GUEST"}
	input.action in {"user:read_self", "user:update_self"}
}

granted contains "anyone may look" if {
	input.subject.role in {"USER", "GUEST"}
	input.action in {"activity:list", "activity:read"}
}

granted contains "creator" if {
	input.subject.role == "USER"
	input.action in {"activity:update", "activity:submit", "attendance:generate_qr", "attendance:view"}
	input.resource.creator_id == input.subject.id
}

granted contains "member" if {
	input.subject.role == "USER"
	input.action in {"activity:create", "attendance:validate_qr", "attendance:checkin", "attendance:checkout"}
}

# Two pairs of eyes: an approver does not judge what is their own.
granted contains "approver" if {
	input.subject.role == "APPROVER"
	input.action in {"activity:approve", "activity:reject"}
	input.resource.creator_id != input.subject.id
}
