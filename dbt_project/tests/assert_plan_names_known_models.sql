-- A campaign is reported under a model and rule version that exist.
select campaign_id
from {{ ref('dim_campaign') }}
where
    default_attribution_model not in (
        '{{ var("attribution_models") | map(attribute="name") | join("', '") }}'
    )
    or default_rule_version not in ('{{ var("attribution_rule_versions") | join("', '") }}')
