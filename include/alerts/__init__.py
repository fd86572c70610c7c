"""Alerts: what needs a person's eye now, told once per subject until it ends.

`watch` looks at the warehouse and says what is wrong, `days` what keeps days from readers, `store`
compares that with the alerts already open, `steps` is what the task of `raise_alerts` calls.
"""
