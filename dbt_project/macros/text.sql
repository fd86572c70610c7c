{#- Spelling-proof form of a utm value: case, surrounding space, and how a space was encoded. -#}
{% macro utm_key(value) -%}
    {{ return(adapter.dispatch('utm_key', 'groundswell')(value)) }}
{%- endmacro %}

{% macro default__utm_key(value) -%}
    nullif(trim(regexp_replace(lower({{ value }}), '(\s|\+|%20)+', ' ', 'g')), '')
{%- endmacro %}

{#- Spelling-proof form of a discount code. -#}
{% macro code_key(value) -%}
    nullif(upper(trim({{ value }})), '')
{%- endmacro %}

{#- Account name without @, in lower case. -#}
{% macro handle_key(value) -%}
    nullif(lower(replace(trim({{ value }}), '@', '')), '')
{%- endmacro %}

{#- Path of a URL without host, query, fragment and closing slash, in lower case; "/" for the root. -#}
{% macro url_path(url) -%}
    {{ return(adapter.dispatch('url_path', 'groundswell')(url)) }}
{%- endmacro %}

{% macro default__url_path(url) -%}
    case
        when {{ url }} is null then null
        else coalesce(
            nullif(rtrim(regexp_replace(lower(trim({{ url }})), '^([a-z]+:)?//[^/?#]*|[?#].*$', '', 'g'), '/'), ''),
            '/'
        )
    end
{%- endmacro %}

{#- Byte order, the same on every server whatever its collation. -#}
{% macro byte_order(column) -%}
    {{ return(adapter.dispatch('byte_order', 'groundswell')(column)) }}
{%- endmacro %}

{% macro default__byte_order(column) -%}
    {{ column }}
{%- endmacro %}

{% macro postgres__byte_order(column) -%}
    {{ column }} collate "C"
{%- endmacro %}

{#- Words of one platform for the format of a post, in ours: feed, reel, story. -#}
{% macro content_format(word) -%}
    case
        when upper({{ word }}) in ('REELS', 'REEL', 'CLIPS') then 'reel'
        when upper({{ word }}) in ('STORY', 'STORIES') then 'story'
        when {{ word }} is not null then 'feed'
    end
{%- endmacro %}

{#- A list of texts as SQL: ('a', 'b'). -#}
{% macro quoted_list(texts) -%}
    ('{{ texts | join("', '") }}')
{%- endmacro %}

{#- Words of a free text in lower case, anything but letters and digits between them one space. -#}
{% macro letters_key(value) -%}
    {{ return(adapter.dispatch('letters_key', 'groundswell')(value)) }}
{%- endmacro %}

{% macro default__letters_key(value) -%}
    nullif(trim(regexp_replace(lower({{ value }}), '[^[:alnum:]]+', ' ', 'g')), '')
{%- endmacro %}

{#- Place (1 is the first character) where a word or phrase stands alone in a text, whatever its case;
0 when it is not there. -#}
{% macro word_position(value, word) -%}
    {{ return(adapter.dispatch('word_position', 'groundswell')(value, word)) }}
{%- endmacro %}

{% macro default__word_position(value, word) -%}
    regexp_instr(
        {{ value }},
        '(?<![[:alnum:]_])' || regexp_replace({{ word }}, '([^[:alnum:]_ #])', '\\\1', 'g')
        || '(?![[:alnum:]_])',
        1, 1, 0, 'i'
    )
{%- endmacro %}

{#- An address without query, fragment and closing slash, in lower case: the same post is the same key. -#}
{% macro url_key(url) -%}
    {{ return(adapter.dispatch('url_key', 'groundswell')(url)) }}
{%- endmacro %}

{% macro default__url_key(url) -%}
    nullif(rtrim(lower(regexp_replace(trim({{ url }}), '[?#].*$', '')), '/'), '')
{%- endmacro %}

{#- Host of a URL in lower case, without www. and port; NULL where there is none. -#}
{% macro url_host(url) -%}
    {{ return(adapter.dispatch('url_host', 'groundswell')(url)) }}
{%- endmacro %}

{% macro default__url_host(url) -%}
    case
        when lower({{ url }}) ~ '^([a-z-]+:)?//[^/?#]+'
            then regexp_replace(
                regexp_replace(lower({{ url }}), '^([a-z-]+:)?//([^/?#@]*@)?|[/?#:].*$', '', 'g'),
                '^www[.]', ''
            )
    end
{%- endmacro %}

{#- Evidence of a touch other than a discount code, compromised or not: the customer met the creator. -#}
{% macro has_other_than_code_evidence(touch) -%}
    trim(
        both ',' from replace(
            replace({{ touch }}.evidence_types, 'compromised_code', ''), 'discount_code', ''
        )
    ) <> ''
{%- endmacro %}

{#- Letters and digits of a normalised code or utm value alone: `maya-15` and `maya 15` are alike. What
has none keeps its spelling, so that it is like nothing else. -#}
{% macro loose_key(key) -%}
    {{ return(adapter.dispatch('loose_key', 'groundswell')(key)) }}
{%- endmacro %}

{% macro default__loose_key(key) -%}
    coalesce(nullif(regexp_replace({{ key }}, '[^[:alnum:]]+', '', 'g'), ''), {{ key }})
{%- endmacro %}

{#- A count without digits behind the point, a rate with four, for a sentence. -#}
{% macro shown_number(value) -%}
    round({{ value }}, case when {{ value }} >= 1 then 0 else 4 end)
{%- endmacro %}
