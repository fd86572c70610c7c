with

source as (

    select * from {{ source('files', 'content_ratings') }}

),

renamed as (

    select
        connection_id,
        post_url,
        {{ url_key('post_url') }} as post_url_key,
        lower(criterion) as criterion,
        rater,
        score,
        max_score,
        score / nullif(max_score, 0) as score_rate,
        rated_date,
        {{ handle_key('creator_handle') }} as creator_handle_key,
        lower(platform) as platform,
        comment,
        file_name,
        line_number,
        _load_id as load_id
    from source

)

select * from renamed
