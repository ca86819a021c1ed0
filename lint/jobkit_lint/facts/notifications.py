"""Calls that tell a human something: mail, SMS, chat, push. The value is what is sent."""

from __future__ import annotations

from itertools import product

from jobkit_lint.facts.patterns import PathTable

_MESSAGES = ("EmailMessage", "EmailMultiAlternatives")

NOTIFICATIONS: PathTable[str] = PathTable(
    {
        "django.core.mail.send_mail": "mail",
        "django.core.mail.send_mass_mail": "mail",
        **{f"django.core.mail.{name}().send": "mail" for name in _MESSAGES},
        "django.core.mail.get_connection().send_messages": "mail",
        "anymail.message.AnymailMessage().send": "mail",
        "post_office.mail.send": "mail",
        "templated_email.send_templated_mail": "mail",
        "mail_templated.send_mail": "mail",
        "mail_templated.EmailMessage().send": "mail",
        "flask_mail.Mail().send": "mail",
        "flask_mail.Mail().send_message": "mail",
        "flask_mailman.EmailMessage().send": "mail",
        "fastapi_mail.FastMail().send_message": "mail",
        "aiosmtplib.send": "mail",
        "aiosmtplib.SMTP().send_message": "mail",
        "aiosmtplib.SMTP().sendmail": "mail",
        **{
            f"smtplib.{name}().{method}": "mail"
            for name, method in product(("SMTP", "SMTP_SSL", "LMTP"), ("sendmail", "send_message"))
        },
        "sendgrid.SendGridAPIClient().send": "mail",
        "sendgrid.SendGridAPIClient().client.mail.send.post": "mail",
        "postmarker.core.PostmarkClient().emails.send": "mail",
        "resend.Emails.send": "mail",
        "mailjet_rest.Client().send.create": "mail",
        "boto3.client().send_email": "mail",
        "boto3.client().send_raw_email": "mail",
        "boto3.client().send_templated_email": "mail",
        "yagmail.SMTP().send": "mail",
        "emails.Message().send": "mail",
        "emails.html().send": "mail",
        "twilio.rest.Client().messages.create": "SMS",
        "twilio.rest.Client().calls.create": "call",
        "twilio.rest.Client().api.account.messages.create": "SMS",
        "vonage.Client().sms.send_message": "SMS",
        "plivo.RestClient().messages.create": "SMS",
        "messagebird.Client().message_create": "SMS",
        **{
            f"{library}.WebClient().{method}": "chat message"
            for library, method in product(
                ("slack_sdk", "slack_sdk.web", "slack", "slack_sdk.web.client"),
                ("chat_postMessage", "files_upload", "files_upload_v2", "chat_postEphemeral"),
            )
        },
        "slack_sdk.web.async_client.AsyncWebClient().chat_postMessage": "chat message",
        "slack_sdk.webhook.WebhookClient().send": "chat message",
        "slack_sdk.WebhookClient().send": "chat message",
        "slackclient.SlackClient().api_call": "chat message",
        "telegram.Bot().send_message": "chat message",
        "aiogram.Bot().send_message": "chat message",
        "telebot.TeleBot().send_message": "chat message",
        "discord_webhook.DiscordWebhook().execute": "chat message",
        "discord.Webhook.from_url().send": "chat message",
        "firebase_admin.messaging.send": "push message",
        "firebase_admin.messaging.send_each": "push message",
        "firebase_admin.messaging.send_multicast": "push message",
        "firebase_admin.messaging.send_each_for_multicast": "push message",
        "exponent_server_sdk.PushClient().publish": "push message",
        "pyfcm.FCMNotification().notify_single_device": "push message",
        "pyfcm.FCMNotification().notify_multiple_devices": "push message",
        "pyfcm.FCMNotification().notify": "push message",
        "pywebpush.webpush": "push message",
        "apprise.Apprise().notify": "notification",
        "notifications.signals.notify.send": "notification",
        "onesignal_sdk.client.Client().send_notification": "push message",
    }
)
