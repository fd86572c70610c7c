"""What BI tools are handed: dashboards as code."""
