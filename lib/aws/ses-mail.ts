/** Letters by Amazon SES. */
import {
  BadRequestException,
  MailFromDomainNotVerifiedException,
  MessageRejected,
  type SESv2Client,
  SendEmailCommand,
} from "@aws-sdk/client-sesv2";
import type { Mail } from "../ports/mail.ts";

/** What SES will refuse again however often it is asked (SES API v2 reference, SendEmail, “Errors”). */
const final = [BadRequestException, MailFromDomainNotVerifiedException, MessageRejected];

const inUtf8 = (text: string) => ({ Data: text, Charset: "UTF-8" });

/** `from` is an address, or an address of a domain, that the account has verified. */
export function sesMail({ client, from }: { client: SESv2Client; from: string }): Mail {
  return {
    send: async ({ to, subject, text }) => {
      try {
        await client.send(
          new SendEmailCommand({
            FromEmailAddress: from,
            Destination: { ToAddresses: [to] },
            Content: { Simple: { Subject: inUtf8(subject), Body: { Text: inUtf8(text) } } },
          }),
        );
        return { refused: null };
      } catch (error) {
        if (final.some((kind) => error instanceof kind)) return { refused: String(error) };
        throw error;
      }
    },
  };
}
