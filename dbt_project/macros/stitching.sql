{#- Stitching is a function of the raw rows. A run works it out anew for everybody whom its loads may have
changed, and leaves the others as they are. Whom: the rows of its loads, and all that hangs together with
them by what was known before (the kept tables) or is known now. `analysis.restitched` holds them: orders,
identities (hashes of a shop's customer or of an address), visitors and users of the event export. Nobody
outside is connected with anybody inside, so each part can be built for itself. -#}

{#- The tables kept from run to run, and a column without which one is of an older version. -#}
{% macro kept_stitching() -%}
    {{ return({
        'int_orders_identified': 'sales_channel',
        'int_identities_stitched': 'is_seen',
        'int_purchases_matched': 'person_id',
        'int_orders_stitched': 'has_earlier_order',
        'int_order_visitors': 'visitor_id',
        'int_ga4_transactions_joined': 'load_id',
        'int_fingerprints_applied': 'fingerprint',
    }) }}
{%- endmacro %}

{#- False when everybody is to be worked out: first build, full refresh, no open run, changed settings or
plan, and whenever a load took something away (an erasure, rows that a file or a day of the export has no
longer): what is gone cannot say whom it connected. -#}
{% macro can_stitch_in_part() -%}
    {{ return(not flags.FULL_REFRESH and keeps_stitching() and asked_first(stitching_in_part_question())) }}
{%- endmacro %}

{#- True when every kept table is there, as this version builds it. -#}
{% macro keeps_stitching() -%}
    {%- set lacking = [] -%}
    {%- if execute and run_query is defined -%}
        {%- for name, column in kept_stitching().items() -%}
            {%- set kept = adapter.get_relation(target.database, 'intermediate', name) -%}
            {%- if kept is none or kept.is_view -%}
                {%- do lacking.append(name) -%}
            {%- elif not has_column(kept, column) -%}
                {%- do lacking.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(not lacking) }}
{%- endmacro %}

{#- True when a table has a column: one of an older version has not. -#}
{% macro has_column(relation, column) -%}
    {{ return(column in adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
{%- endmacro %}

{#- The answer to a question of one cell; false while a project is only read, or checked by a linter. -#}
{% macro asked_first(question) -%}
    {{ return(
        run_query(question).columns[0].values()[0] if execute and run_query is defined else false
    ) }}
{%- endmacro %}

{% macro stitching_in_part_question() -%}
        select
            exists (select 1 from {{ source('quality', 'current_measure_run') }})
            and not {{ plan_changed() }}
            and not {{ attribution_settings_changed() }}
            and not exists (
                select 1
                from {{ source('quality', 'load_windows') }} as load_windows
                where
                    load_windows.load_id in {{ pending_loads() }}
                    and load_windows.source in ('shopify', 'woocommerce', 'files', 'ga4_export')
                    and (
                        load_windows.partition_key like 'erasure-%'
                        or (
                            load_windows.rows_deleted > 0
                            and load_windows.stream in (
                                'orders', 'customers', 'order_days', 'post_purchase_survey', 'events'
                            )
                        )
                    )
            )
            and not exists (
                select 1
                from ({{ unfinished_nodes() }}) as unfinished
                where unfinished.node_type = 'everything'
            )
{%- endmacro %}

{#- What runs noted that did not publish: they may have built a part of it. -#}
{% macro unfinished_nodes() -%}
    select
        noted.node_type,
        noted.connection_id,
        noted.node_id
    from {{ source('analysis', 'restitched') }} as noted
    where
        noted.measure_run_id is null
        or noted.measure_run_id not in (
            select runs.measure_run_id
            from {{ source('quality', 'measure_runs') }} as runs
            where runs.status in ('published', 'superseded')
        )
{%- endmacro %}

{#- True in a model that this run builds for `analysis.restitched` alone. -#}
{% macro is_stitched_in_part() -%}
    {%- set question -%}
        select count(*) = 0 from {{ source('analysis', 'restitched') }} where node_type = 'everything'
    {%- endset -%}
    {{ return(not flags.FULL_REFRESH and asked_first(question)) }}
{%- endmacro %}

{#- Condition: the row's id is among those of a kind. -#}
{% macro is_restitched(node_type, connection_id, node_id) -%}
    ({{ connection_id }}, {{ node_id }}) in (
        select
            restitched.connection_id,
            restitched.node_id
        from {{ source('analysis', 'restitched') }} as restitched
        where restitched.node_type = '{{ node_type }}'
    )
{%- endmacro %}

{#- Join of a kept table with those of its rows that this run works out anew; nothing when all are. -#}
{% macro join_restitched(in_part, node_type, relation, node_id) -%}
    {%- if in_part %}
    inner join {{ source('analysis', 'restitched') }} as restitched
        on
            restitched.node_type = '{{ node_type }}'
            and {{ relation }}.connection_id = restitched.connection_id
            and {{ relation }}.{{ node_id }} = restitched.node_id
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of the models that are kept: forget what is about to be built again. -#}
{% macro forget_restitched(node_type, connection_id, node_id) -%}
    {%- if is_incremental() -%}
        {%- if is_stitched_in_part() -%}
            delete from {{ this }} where {{ is_restitched(node_type, connection_id, node_id) }}
        {%- else -%}
            truncate {{ this }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of int_orders_identified: note whom this run works out anew. -#}
{% macro note_restitched() -%}
    {%- if can_stitch_in_part() -%}
        {{ note_connected() }}
    {%- else -%}
        delete from {{ source('analysis', 'restitched') }};
        insert into {{ source('analysis', 'restitched') }} (measure_run_id, node_type)
        select
            (select runs.measure_run_id from {{ source('quality', 'current_measure_run') }} as runs),
            'everything';
        analyze {{ source('analysis', 'restitched') }}
    {%- endif -%}
{%- endmacro %}

{#- The one user each visitor signed in as; a browser in which two users signed in stays a visitor of its
own. in_part: of the visitors that are worked out anew. -#}
{% macro visitors_signed_in(in_part) -%}
    select
        sessions.connection_id,
        sessions.visitor_id,
        min(sessions.user_id) as user_id,
        min(sessions.touched_at) as first_signed_in_at
    from {{ ref('int_export_sessions') }} as sessions
    {{- join_restitched(in_part, 'visitor', 'sessions', 'visitor_id') }}
    where sessions.user_id is not null
    group by sessions.connection_id, sessions.visitor_id
    having count(distinct sessions.user_id) = 1
{%- endmacro %}

{#- Pre-hook of dim_customer: a visitor is an identity of every shop it may have bought from. -#}
{% macro forget_restitched_customers() -%}
    {%- if is_incremental() -%}
        {%- if is_stitched_in_part() -%}
            delete from {{ this }}
            where (customer_id, connection_id) in (
                select
                    restitched.node_id,
                    restitched.connection_id
                from {{ source('analysis', 'restitched') }} as restitched
                where restitched.node_type = 'identity'
                union all
                select
                    {{ person_key('restitched.node_id', 'shops.connection_id') }},
                    shops.connection_id
                from {{ source('analysis', 'restitched') }} as restitched
                cross join (
                    select distinct bought.connection_id
                    from {{ source('analysis', 'restitched') }} as bought
                    where bought.node_type = 'order'
                ) as shops
                where restitched.node_type = 'visitor'
            )
        {%- else -%}
            truncate {{ this }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- The orders whose GA4 transaction or fingerprint this run may find changed: those stitched anew, those a
loaded transaction names, and those of days of which GA4 withdrew a transaction: once a week its load reads
a month again. A transaction is of an order of the day before, the same or the next, and of two such orders
one decides about the other. -#}
{% macro reconsidered_orders() -%}
    select
        restitched.connection_id,
        restitched.node_id as order_id
    from {{ source('analysis', 'restitched') }} as restitched
    where restitched.node_type = 'order'
    {%- for key in ['order_id', 'order_number'] %}

    union

    select
        named.connection_id,
        named.order_id
    from {{ ref('stg_ga4__transactions') }} as loaded
    inner join {{ ref('int_orders_identified') }} as named on loaded.transaction_key = named.{{ key }}
    where {{ is_pending('loaded.load_id') }}
    {%- endfor %}

    union

    select
        near.connection_id,
        near.order_id
    from {{ source('quality', 'load_windows') }} as load_windows
    inner join {{ ref('int_orders_identified') }} as near
        on
            near.ordered_at
            >= load_windows.window_start - interval '{{ var("ga4_reread_days") + 3 }} days'
            and near.ordered_at <= load_windows.window_end + interval '3 days'
    where
        load_windows.load_id in {{ pending_loads() }}
        and load_windows.source = 'ga4'
        and load_windows.stream = 'transactions'
        and load_windows.rows_deleted > 0
{%- endmacro %}

{#- Pre-hook of models with a row for such an order. -#}
{% macro forget_reconsidered() -%}
    {%- if is_incremental() -%}
        {%- if is_stitched_in_part() -%}
            delete from {{ this }}
            where (connection_id, order_id) in ({{ reconsidered_orders() }})
        {%- else -%}
            truncate {{ this }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Forget what orders were last built with, but for those that nothing of it could change: an affected order
keeps its own. Hook of int_fingerprints_applied, and of int_orders_affected (see forget_applied). -#}
{% macro forget_applied_fingerprints(fingerprints, affected) -%}
    delete from {{ fingerprints }}
    where
        (connection_id, order_id) in (
            select affected.connection_id, affected.order_id
            from {{ affected }} as affected
        )
    {%- if is_stitched_in_part() %}
        and (connection_id, order_id) in ({{ reconsidered_orders() }})
    {%- endif -%}
{%- endmacro %}

{#- Post-hook of int_orders_affected: what the facts were built with is unknown from the moment some are built
again until all are. A run may break off in between, and what it saw may be taken back before the next one, which
then finds everything as it was before both: without this the facts would keep what is gone. -#}
{% macro forget_applied() -%}
    {%- if is_built('intermediate', 'int_fingerprints_applied') %}
    {{ forget_applied_fingerprints(
        adapter.get_relation(target.database, 'intermediate', 'int_fingerprints_applied'), this
    ) }};
    {%- endif %}
    {%- if is_built('intermediate', 'int_posts_applied') %}
    {%- set applied = adapter.get_relation(target.database, 'intermediate', 'int_posts_applied') %}
    insert into {{ applied }} (campaign_id, creator_id, platform, post_id, published_at, is_settled)
    select
        changed.campaign_id,
        changed.creator_id,
        changed.platform,
        changed.post_id,
        changed.published_at,
        false as is_settled
    from ({{ changed_posts() }}) as changed;
    {%- endif %}
    {%- if is_built('intermediate', 'int_attribution_settings') %}
    delete from {{ adapter.get_relation(target.database, 'intermediate', 'int_attribution_settings') }}
    where {{ attribution_settings_changed() }}
    {%- endif %}
{%- endmacro %}

{#- The campaigns' posts that came, went (a caption may be edited) or moved since the facts were last built, as
they are and as they were, and those with which a run began to build them that broke off. -#}
{% macro changed_posts() -%}
    {%- set columns = ['campaign_id', 'creator_id', 'platform', 'post_id', 'published_at'] -%}
    {%- set applied = adapter.get_relation(target.database, 'intermediate', 'int_posts_applied') -%}
    select
        {%- for column in columns %}
        coalesce(posts.{{ column }}, applied.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_posts_matched') }} as posts
    full outer join {{ applied }} as applied
        on
            {%- for column in columns %}
            posts.{{ column }} = applied.{{ column }}{{ ' and' if not loop.last }}
            {%- endfor %}
    where posts.post_id is null or applied.post_id is null or not applied.is_settled
{%- endmacro %}

{#- The address a shop has of its customer: of those worked out anew, or of all. -#}
{% macro known_addresses(in_part) -%}
    {%- if in_part -%}
        select
            connection_id,
            node_id as customer_key,
            email_key,
            linked_at
        from {{ source('analysis', 'restitched') }}
        where node_type = 'identity' and email_key is not null
    {%- else -%}
        {%- for model, column in [
            ('stg_shopify__customers', 'email_hash'),
            ('stg_woocommerce__customers', 'customer_email_hash')
        ] %}
        select
            connection_id,
            {{ customer_key('customer_id', 'connection_id') }} as customer_key,
            {{ email_key(column, 'connection_id') }} as email_key,
            created_at as linked_at
        from {{ ref(model) }}
        where {{ column }} is not null
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{#- CTE of the orders reconsidered in this run, and the join with it; nothing when all are. -#}
{% macro reconsidered_cte(in_part) -%}
    {%- if in_part %}
reconsidered as (

    {{ reconsidered_orders() | indent(4) }}

),
    {%- endif -%}
{%- endmacro %}

{% macro join_reconsidered(in_part, relation) -%}
    {%- if in_part %}
    inner join reconsidered
        on
            {{ relation }}.connection_id = reconsidered.connection_id
            and {{ relation }}.order_id = reconsidered.order_id
    {%- endif -%}
{%- endmacro %}

{#- The same of a table with every order: these few are looked up by list. -#}
{% macro join_reconsidered_listed(in_part, relation) -%}
    {{- join_reconsidered(in_part, relation) }}
    {%- if in_part %}
    where {{ is_of_orders(relation, 'reconsidered') }}
    {%- endif -%}
{%- endmacro %}

{#- CTEs of int_ga4_transactions_joined, nothing when all orders are reconsidered: which are, and of those the
names, for who else has one of them decides about it, and the day. -#}
{% macro considered_ctes(in_part) -%}
    {{ reconsidered_cte(in_part) }}
    {%- if in_part %}

considered as (

    select
        orders.order_id,
        orders.order_number,
        cast(orders.ordered_at at time zone 'UTC' as date) as order_date
    from reconsidered
    inner join {{ ref('int_orders_identified') }} as orders
        on
            reconsidered.connection_id = orders.connection_id
            and reconsidered.order_id = orders.order_id
    where {{ is_of_orders('orders', 'reconsidered') }}

),
    {%- endif -%}
{%- endmacro %}

{#- Join of GA4's transactions with those that can be of such an order. No zone is more than a day from UTC, and a
purchase is a day from its order at most. -#}
{% macro join_considered(in_part, relation) -%}
    {%- if in_part %}
    inner join (
        select order_id as transaction_key from considered
        union
        select order_number as transaction_key from considered
    ) as names
        on {{ relation }}.transaction_key = names.transaction_key
        and {{ relation }}.transaction_date = any(
            array(
                select distinct {{ days_after('considered.order_date', 'shifts.days') }}
                from considered
                cross join (values (-2), (-1), (0), (1), (2)) as shifts (days)
            )
        )
    {%- endif -%}
{%- endmacro %}

{#- True for an order that such a transaction names, and for all when all are reconsidered. -#}
{% macro is_bought(in_part, key) -%}
    {{ key ~ ' = any(array(select listed.transaction_key from transactions as listed))' if in_part else 'true' }}
{%- endmacro %}

{#- One more for an order, of those that stay as they are, that an answer may mean as well. -#}
{% macro others_named(in_part, order_key) -%}
    {%- if in_part %}
        + case
            when exists (
                select 1
                from {{ this }} as others
                where others.order_id = {{ order_key }} or others.order_number = {{ order_key }}
            ) then 1
            else 0
        end
    {%- endif -%}
{%- endmacro %}

{#- The sessions of visitors who may have placed one of these orders, or of all. -#}
{% macro join_visitors_of(in_part, orders, sessions) -%}
    {%- if in_part %}
    inner join (
        select distinct
            visitors.export_connection_id,
            visitors.visitor_id
        from {{ orders }} as orders
        inner join {{ ref('int_order_visitors') }} as visitors
            on
                orders.connection_id = visitors.connection_id
                and orders.order_id = visitors.order_id
    ) as wanted
        on
            {{ sessions }}.connection_id = wanted.export_connection_id
            and {{ sessions }}.visitor_id = wanted.visitor_id
    {%- endif -%}
{%- endmacro %}

{#- Join with all orders of the customers of `orders`; nothing when all are worked out. -#}
{% macro join_siblings(in_part, orders, relation) -%}
    {%- if in_part %}
    inner join (
        select distinct
            siblings.connection_id,
            siblings.order_id
        from {{ orders }}
        inner join {{ ref('int_orders_identified') }} as siblings
            on {{ orders }}.customer_key = siblings.customer_key
    ) as siblings
        on
            {{ relation }}.connection_id = siblings.connection_id
            and {{ relation }}.order_id = siblings.order_id
    {%- endif -%}
{%- endmacro %}
