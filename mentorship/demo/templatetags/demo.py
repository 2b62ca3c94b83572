from django import template

from mentorship.demo.personas import PERSONAS, Persona

register = template.Library()


@register.simple_tag
def personas() -> tuple[Persona, ...]:
    return PERSONAS
