"""How the pages of problems are drawn."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def with_code(text: str) -> SafeString:
    """What stands between backticks as code."""
    parts = text.split("`")
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<span class="code">{}</span>', part) if n % 2 else part,)
            for n, part in enumerate(parts)
        ),
    )
