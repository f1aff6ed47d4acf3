import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys';

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT as `nsc` makes it, of which a server checks the signature. */
function jwt(name: string, subject: KeyPair, issuer: KeyPair, nats: object): string {
  const claims = { jti: name, iat: 1, iss: issuer.getPublicKey(), name, sub: subject.getPublicKey(), nats };
  const signed = `${base64url({ typ: 'JWT', alg: 'ed25519-nkey' })}.${base64url(claims)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

const NO_LIMITS = { subs: -1, data: -1, payload: -1 };
const ACCOUNT_LIMITS = {
  ...{ ...NO_LIMITS, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
  ...{ mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
};

/** The configuration of a server that accepts users by their JWT, and credentials files of users that it accepts. */
export function operatorMode(): { config: string; credentials: () => string } {
  const operator = createOperator();
  const system = createAccount();
  const account = createAccount();
  const type = (name: string, more: object = {}) => ({ type: name, version: 2, ...more });
  const accountJwt = (name: string, pair: KeyPair, limits: object) =>
    jwt(name, pair, operator, type('account', { limits }));
  const systemLimits = { ...ACCOUNT_LIMITS, mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 };
  const config = [
    `operator: "${jwt('O', operator, operator, type('operator'))}"`,
    `system_account: "${system.getPublicKey()}"`,
    'resolver: MEMORY',
    'resolver_preload: {',
    `  ${system.getPublicKey()}: "${accountJwt('SYS', system, systemLimits)}"`,
    `  ${account.getPublicKey()}: "${accountJwt('A', account, ACCOUNT_LIMITS)}"`,
    '}',
  ].join('\n');
  const credentials = () => {
    const user = createUser();
    const token = jwt('edge', user, account, type('user', NO_LIMITS));
    const seed = Buffer.from(user.getSeed()).toString();
    return [
      `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n`,
      `************************* IMPORTANT *************************\n`,
      `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
    ].join('\n');
  };
  return { config, credentials };
}
