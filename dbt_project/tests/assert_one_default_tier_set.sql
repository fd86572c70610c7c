-- Exactly one definition set is the default, whole, and no number of followers has two of its tiers.
with

boundaries as (

    select * from {{ ref('ref_tier_boundary') }}

)

select 'default sets: ' || count(distinct definition_set) as problem
from boundaries
where is_default
having count(distinct definition_set) <> 1

union all

select definition_set || ' is the default in part' as problem
from boundaries
group by definition_set
having bool_or(is_default) and not bool_and(is_default)

union all

select smaller.tier || ' and ' || larger.tier || ' overlap' as problem
from boundaries as smaller
inner join boundaries as larger
    on
        smaller.definition_set = larger.definition_set
        and smaller.tier <> larger.tier
        and smaller.followers_from <= larger.followers_from
        and coalesce(smaller.followers_below, 9223372036854775807) > larger.followers_from
where smaller.is_default
