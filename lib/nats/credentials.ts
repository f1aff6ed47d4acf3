/** Whether a text has the form of a credentials file, as `nsc` writes it. */
export function isCredentials(text: string): boolean {
  return /-----BEGIN NATS USER JWT-----\s+\S+\s+-+END[\s\S]*-----BEGIN USER NKEY SEED-----\s+S\S+\s+-+END/.test(
    text,
  );
}
