import { lookup } from 'node:dns/promises';
import { callbackify } from 'node:util';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { ConnectionError } from './connection-error.ts';

/** An address of a machine, as a name service tells it. */
export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Asks a name service for all addresses of a name; rejects when there is none. */
export type ResolveHost = (name: string) => Promise<readonly HostAddress[]>;

/** Networks of organisations, of this machine, and those that lead nowhere: RFC 6890 and the registries it started. */
const internalNetworks: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'ff00::/8',
];
/** Where clouds hand out the credentials of a machine; no server that anybody names lives there. */
const linkLocalNetworks: readonly string[] = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128'];

const internal = blockListOf(internalNetworks);
const linkLocal = blockListOf(linkLocalNetworks);

/**
 * Whether a connection to `address` may be made. `trusted`: somebody who may say so named its host, so it may be in the
 * organisation's own network or on this machine; link-local addresses are refused all the same.
 */
export function isAddressAllowed(address: string, trusted: boolean): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  // Lists for IPv4 hold for IPv6 addresses that contain one (::ffff:10.0.0.1), too.
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return !linkLocal.check(address, family) && (trusted || !internal.check(address, family));
}

/** Asks the system for addresses. */
export const systemResolve: ResolveHost = async (name) => {
  const found = await lookup(name, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/**
 * What a socket asks for addresses: it connects to nothing else than what was checked here, so a name that changes its
 * address between check and connection (rebinding) gains nothing.
 */
export function guardedLookup(resolve: ResolveHost, isTrusted: (name: string) => boolean): LookupFunction {
  const ask = callbackify(addressesOf);
  return (name, options, callback) => {
    ask(resolve, name, isTrusted(name), (error, found) => {
      const first = found?.[0];
      if (error !== null || first === undefined) callback(error, '');
      else if (options.all === true) callback(null, [...found]);
      else callback(null, first.address, first.family);
    });
  };
}

async function addressesOf(resolve: ResolveHost, name: string, trusted: boolean): Promise<readonly HostAddress[]> {
  const found = await resolve(name);
  const allowed = found.filter(({ address }) => isAddressAllowed(address, trusted));
  if (allowed.length > 0) return allowed;
  throw refusedAddress(name);
}

/** The error for a host that must not be asked. Does not tell the address: who named the host may not know it. */
export function refusedAddress(host: string): ConnectionError {
  return new ConnectionError('NET_ADDRESS_REFUSED', `${host} is in a network that must not be reached from here`);
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}
