{#- Channel of a visit that names no creator: email, sms, affiliate, paid, search, social, referral;
NULL is direct. Reads the spelling-proof utm keys first, then what the shop made of the referrer. -#}
{% macro other_channel(visit) -%}
    case
        when {{ visit }}.utm_medium_key in ('email', 'e-mail', 'newsletter')
            or {{ visit }}.utm_source_key in ('email', 'newsletter', 'klaviyo', 'mailchimp')
            or {{ visit }}.referrer_source in ('email', 'newsletter')
            or {{ visit }}.referrer_type in ('NEWSLETTER', 'TRANSACTIONAL') then 'email'
        when {{ visit }}.utm_medium_key in ('sms', 'text') or {{ visit }}.referrer_type = 'MESSAGE' then 'sms'
        when {{ visit }}.utm_medium_key in ('affiliate', 'affiliates')
            or {{ visit }}.referrer_type = 'AFFILIATE' then 'affiliate'
        when {{ visit }}.utm_medium_key in (
            'cpc', 'ppc', 'paid', 'paid_search', 'paid-search', 'paidsearch', 'paid_social', 'paid-social', 'paidsocial',
            'display', 'cpm', 'retargeting'
        ) or {{ visit }}.referrer_type in ('AD', 'DISPLAY', 'RETARGETING', 'SEARCH_AD') then 'paid'
        when {{ visit }}.utm_medium_key = 'organic'
            or {{ visit }}.referrer_type in ('SEARCH', 'SEO')
            or {{ visit }}.referrer_source in ('google', 'bing', 'duckduckgo', 'yahoo', 'ecosia') then 'search'
        when {{ visit }}.utm_medium_key in ('social', 'organic_social', 'organic-social', 'influencer', 'creator')
            or {{ visit }}.utm_source_key in ('instagram', 'facebook', 'tiktok', 'youtube', 'pinterest')
            or {{ visit }}.referrer_type in ('SOCIAL', 'POST', 'STOREFRONT_APP')
            or {{ visit }}.referrer_source in ('instagram', 'facebook', 'tiktok', 'youtube', 'pinterest', 'twitter')
            then 'social'
        when {{ visit }}.utm_source_key is not null
            or {{ visit }}.utm_medium_key is not null
            or {{ visit }}.utm_campaign_key is not null then 'referral'
        when {{ visit }}.referrer_source = 'direct' then null
        when {{ visit }}.referrer_url is not null
            or {{ visit }}.referrer_source not in ('unknown') then 'referral'
    end
{%- endmacro %}

{#- A utm key without GA4's words for nothing. -#}
{% macro known_key(key) -%}
    case
        when {{ key }} not in ('(direct)', '(none)', '(not set)', '(organic)', '(referral)') then {{ key }}
    end
{%- endmacro %}
