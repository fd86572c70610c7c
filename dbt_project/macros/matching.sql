{#- How well values fit those of the plan: exact as written; normalised, when case, outer spaces and the
spelling of a space are left out of account; fuzzy, when only letters and digits are alike.

pairs: (value, plan's value, key, plan's key) each; the caller has joined on the loose keys. -#}
{% macro match_quality(pairs) -%}
    case
        when {% for pair in pairs %}{{ pair[0] }} = {{ pair[1] }}{{ ' and ' if not loop.last }}{% endfor %}
            then 'exact'
        when {% for pair in pairs %}{{ pair[2] }} = {{ pair[3] }}{{ ' and ' if not loop.last }}{% endfor %}
            then 'normalised'
        else 'fuzzy'
    end
{%- endmacro %}

{#- The same for a visit's utm values and a link of the plan. -#}
{% macro utm_match_quality(visit, link) -%}
    {{ match_quality([
        (visit ~ '.utm_campaign', link ~ '.utm_campaign',
         visit ~ '.utm_campaign_key', link ~ '.utm_campaign_key'),
        (visit ~ '.utm_content', link ~ '.utm_content',
         visit ~ '.utm_content_key', link ~ '.utm_content_key'),
    ]) }}
{%- endmacro %}

{#- Join condition of a visit and a link whose utm values are alike at least in letters and digits. -#}
{% macro utm_is_alike(visit, link) -%}
    {{ loose_key(visit ~ '.utm_campaign_key') }} = {{ loose_key(link ~ '.utm_campaign_key') }}
    and {{ loose_key(visit ~ '.utm_content_key') }} = {{ loose_key(link ~ '.utm_content_key') }}
{%- endmacro %}

{#- Both loose keys of a visit or a link as columns: worked out once per row, not once per pair. -#}
{% macro utm_loose_keys(relation) -%}
    {{ loose_key(relation ~ '.utm_campaign_key') }} as loose_campaign_key,
    {{ loose_key(relation ~ '.utm_content_key') }} as loose_content_key
{%- endmacro %}

{#- The links of each shop's campaigns, with their loose keys. -#}
{% macro links_of_shops() -%}
    select
        campaigns.shop_connection_id,
        links.*,
        {{ utm_loose_keys('links') }}
    from {{ ref('stg_campaign_plan__campaign_shops') }} as campaigns
    inner join {{ ref('stg_campaign_plan__links') }} as links
        on campaigns.campaign_id = links.campaign_id
{%- endmacro %}

{#- Every span of a code's ownership, with its loose key. -#}
{% macro code_owners() -%}
    select
        spans.*,
        {{ loose_key('spans.code_key') }} as loose_code_key
    from {{ ref('int_codes_owned') }} as spans
{%- endmacro %}

{#- Redeemed codes beside those of the CTE `code_owners` that they may be on the order's date. `redeemed` has
connection_id, order_id, order_date, code, code_key and loose_code_key. -#}
{% macro code_candidates(redeemed) -%}
    select
        {{ redeemed }}.connection_id,
        {{ redeemed }}.order_id,
        {{ redeemed }}.order_date,
        {{ redeemed }}.code as redeemed_code,
        {{ redeemed }}.code_key as redeemed_key,
        code_owners.campaign_id,
        code_owners.creator_id,
        code_owners.code_key,
        code_owners.compromised_from_date,
        code_owners.valid_from_date as owner_from_date,
        {{ match_quality([
            (redeemed ~ '.code', 'code_owners.code', redeemed ~ '.code_key', 'code_owners.code_key')
        ]) }} as match_quality
    from {{ redeemed }}
    inner join code_owners
        on
            {{ redeemed }}.connection_id = code_owners.connection_id
            and {{ redeemed }}.loose_code_key = code_owners.loose_code_key
            and {{ holds_on_day('code_owners', redeemed ~ '.order_date') }}
{%- endmacro %}

{#- Of those the one that a redeemed code is. -#}
{% macro code_matches(candidates) -%}
    {{ best_matches(
        candidates,
        ['connection_id', 'order_id', 'redeemed_key'],
        ['owner_from_date desc', 'campaign_id', 'creator_id']
    ) }}
{%- endmacro %}

{#- Order of match qualities, the best first. -#}
{% macro match_rank(quality) -%}
    case {{ quality }} when 'exact' then 1 when 'normalised' then 2 else 3 end
{%- endmacro %}

{#- The candidate that counts for each piece of evidence: the best match, then `tie_break`. What fits two
creators only fuzzily names nobody. `candidates` has match_quality and creator_id; `key` names the
columns of the evidence. -#}
{% macro best_matches(candidates, key, tie_break) -%}
    select ranked.*
    from (
        select
            {{ candidates }}.*,
            min(creator_id) over (
                partition by {{ key | join(', ') }}, match_quality
            ) as first_creator_id,
            max(creator_id) over (
                partition by {{ key | join(', ') }}, match_quality
            ) as last_creator_id,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by {{ match_rank('match_quality') }}, {{ tie_break | join(', ') }}
            ) as match_number
        from {{ candidates }}
    ) as ranked
    where
        ranked.match_number = 1
        and (ranked.match_quality <> 'fuzzy' or ranked.first_creator_id = ranked.last_creator_id)
{%- endmacro %}

{#- Rows of GA4 that carry utm_campaign_key and utm_content_key, with the campaign and creator of the link that
held on their `day` (NULL where none did); of two links the one that began last. `key` names the columns of a row. -#}
{% macro linked_to_creators(rows, day, key) -%}
    select matched.*
    from (
        select
            {{ rows }}.*,
            link_matches.campaign_id,
            link_matches.creator_id,
            row_number() over (
                partition by
                    {%- for column in key %}
                    {{ rows }}.{{ column }}{{ ',' if not loop.last }}
                    {%- endfor %}
                order by link_matches.valid_from_date desc, link_matches.campaign_id asc
            ) as match_number
        from {{ rows }}
        left join (
            select
                utm_campaign_key,
                utm_content_key,
                campaign_id,
                creator_id,
                valid_from_date,
                coalesce(valid_to_date, cast('9999-12-31' as date)) as valid_to_date,
                row_number() over (
                    partition by utm_campaign_key, utm_content_key, valid_from_date
                    order by campaign_id, link_id
                ) as match_number
            from {{ ref('stg_campaign_plan__links') }}
        ) as link_matches
            on
                {{ rows }}.utm_campaign_key = link_matches.utm_campaign_key
                and {{ rows }}.utm_content_key = link_matches.utm_content_key
                and {{ rows }}.{{ day }} >= link_matches.valid_from_date
                and {{ rows }}.{{ day }} <= link_matches.valid_to_date
                and link_matches.match_number = 1
    ) as matched
    where matched.match_number = 1
{%- endmacro %}
