-- A claim's lower end is not above its upper one, and a rate is 0-1.
select *
from {{ ref('ref_benchmark') }}
where
    benchmark_low > benchmark_high
    or (unit = 'rate' and (benchmark_low < 0 or coalesce(benchmark_high, benchmark_low) > 1))
