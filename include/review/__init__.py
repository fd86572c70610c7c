"""The weekly review: what changed, who won, what is at risk, and the budget advice a person judges.

`week` says which days it covers and whether they are there, `reading` asks the marts, `findings`
turns figures into lines, `proposal` and `plan_change` into a question and a patch, `store` keeps
everything; `steps` is what the tasks of `review_campaigns` call.
"""
