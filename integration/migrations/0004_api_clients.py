"""Tokens belong to clients: one client for each user and name of a token that there is."""

from typing import Any

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import integration.models.access


def to_clients(apps: Any, schema_editor: Any) -> None:
    """A token went by the name of the system that uses it, and that is the client's now."""
    token = apps.get_model("integration", "ApiToken")
    client = apps.get_model("integration", "ApiClient")
    taken: set[str] = set()
    pairs = token.objects.order_by("user", "name").values_list("user", "user__username", "name")
    for user, username, name in pairs.distinct():
        full = name if name not in taken else f"{name} ({username})"[:160]
        number = 2
        while full in taken:
            full, number = f"{name} ({user}, {number})", number + 1
        taken.add(full)
        made = client.objects.create(
            user_id=user, name=full, client_id=integration.models.access.new_client_id()
        )
        token.objects.filter(user=user, name=name).update(client=made)
    # Or the columns cannot be altered while rows wait to be checked against them.
    schema_editor.connection.check_constraints()


def from_clients(apps: Any, schema_editor: Any) -> None:
    """A client's name becomes its tokens', as far as it fits. Client secrets are nothing then."""
    token = apps.get_model("integration", "ApiToken")
    token.objects.filter(kind="access").delete()
    token.objects.exclude(kind="token").update(replaces=None)
    token.objects.exclude(kind="token").delete()
    for row in token.objects.select_related("client"):
        token.objects.filter(pk=row.pk).update(user=row.client.user_id, name=row.client.name[:80])
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [
        ("integration", "0003_webhooks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiClient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Which system uses it: “MES, line 3”.",
                        max_length=160,
                        unique=True,
                        verbose_name="name",
                    ),
                ),
                (
                    "system",
                    models.CharField(
                        blank=True,
                        help_text="Product and version.",
                        max_length=160,
                        verbose_name="system",
                    ),
                ),
                (
                    "contact",
                    models.CharField(
                        blank=True,
                        help_text="Whom to ask when it misbehaves.",
                        max_length=200,
                        verbose_name="contact",
                    ),
                ),
                (
                    "client_id",
                    models.CharField(
                        default=integration.models.access.new_client_id,
                        editable=False,
                        max_length=40,
                        unique=True,
                        verbose_name="client ID",
                    ),
                ),
                (
                    "key_required",
                    models.BooleanField(
                        default=False,
                        help_text="Changes without one are refused.",
                        verbose_name="Idempotency-Key required",
                    ),
                ),
                (
                    "match_required",
                    models.BooleanField(
                        default=False,
                        help_text="Changes of a thing that has versions are refused without one.",
                        verbose_name="If-Match required",
                    ),
                ),
                (
                    "requests_per_minute",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: as many as the installation allows.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="requests per minute",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Without it, none of its tokens is good.",
                        verbose_name="active",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "user",
                    models.ForeignKey(
                        help_text="Its roles are the client's; its name is on record.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_clients",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acts as",
                    ),
                ),
            ],
            options={
                "verbose_name": "API client",
                "verbose_name_plural": "API clients",
                "ordering": ("name",),
            },
        ),
        migrations.AddField(
            model_name="apitoken",
            name="client",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tokens",
                to="integration.apiclient",
                verbose_name="client",
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="kind",
            field=models.CharField(
                choices=[
                    ("token", "Token"),
                    ("secret", "Client secret"),
                    ("access", "Access token"),
                ],
                default="token",
                help_text="A client secret is exchanged for access tokens that live for minutes.",
                max_length=6,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="scopes",
            field=models.JSONField(
                default=integration.models.access.unlimited, verbose_name="scopes"
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="sites",
            field=models.JSONField(blank=True, default=list, verbose_name="sites"),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="replaces",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="integration.apitoken",
                verbose_name="replaces",
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="under",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="given_out",
                to="integration.apitoken",
                verbose_name="given out under",
            ),
        ),
        # Empty for a while, for the way back.
        migrations.AlterField(
            model_name="apitoken",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="api_tokens",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="name",
            field=models.CharField(default="", max_length=80, verbose_name="name"),
        ),
        migrations.RunPython(to_clients, from_clients),
        migrations.RemoveField(model_name="apitoken", name="user"),
        migrations.RemoveField(model_name="apitoken", name="name"),
        migrations.AlterField(
            model_name="apitoken",
            name="client",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tokens",
                to="integration.apiclient",
                verbose_name="client",
            ),
        ),
    ]
