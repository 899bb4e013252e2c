from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("integration", "0009_notices")]

    operations = [
        migrations.RemoveConstraint("noticemail", "mail_says_when_it_settled"),
        migrations.RenameIndex("noticemail", "noticemail_to_send", old_name="mails_to_send"),
        migrations.RenameIndex("noticemail", "noticemail_given_up", old_name="mails_given_up"),
        migrations.AddConstraint(
            "noticemail",
            models.CheckConstraint(
                condition=Q(state="waiting", settled_at=None)
                | (~Q(state="waiting") & Q(settled_at__isnull=False)),
                name="noticemail_says_when_it_settled",
            ),
        ),
    ]
