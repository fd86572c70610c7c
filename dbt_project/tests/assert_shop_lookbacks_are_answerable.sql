-- The shop's customer journey reaches 30 days back: a rule that asks for more of visits would look
-- answered and not be. Codes, sessions of a transaction and answers have no such end.
select
    rule_version,
    evidence_type,
    window_days,
    'allowed: at most 30 days for visits' as message
from {{ ref('ref_precedence_rule') }}
where
    window_days > 30
    and evidence_type in ('utm_link', 'landing_page', 'ga4_event', 'referrer', 'direct_visit')
