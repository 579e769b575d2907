/** The string and number formats of OpenAPI that Kubernetes checks; any other name is documentation only. */

const checks: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': isDateTime,
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text),
  byte: (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  duration: (text) =>
    /^[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)?([ ]?(\d+(\.\d*)?)(ns|us|µs|ms|s|m|h|d|w))*$/.test(text),
  ipv4: isIpv4,
  ipv6: isIpv6,
  ip: (text) => isIpv4(text) || isIpv6(text),
  cidr: isCidr,
  uri: (text) => URL.canParse(text),
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  hostname: (text) =>
    text.length <= 253 &&
    /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
};

/** Longest text that is checked against a format, in characters; a longer one does not match. */
export const formatCharactersMax = 4096;

/** Whether `text` has `format`. A format nobody checks is met by everything; base64 (`byte`) has no length limit. */
export function textHasFormat(format: string, text: string): boolean {
  if (!Object.hasOwn(checks, format)) return true;
  if (text.length > formatCharactersMax && format !== 'byte') return false;
  return checks[format]?.(text) ?? true;
}

/** Whether the integer fits `int32` or `int64`; other formats are met. int64 is as exact as JSON numbers are here. */
export function integerHasFormat(format: string, value: number): boolean {
  if (format === 'int32') return value >= -(2 ** 31) && value < 2 ** 31;
  if (format === 'int64') return value >= -(2 ** 63) && value < 2 ** 63;
  return true;
}

function isDateTime(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text) &&
    !Number.isNaN(Date.parse(text)) &&
    isDay(text)
  );
}

/** Whether the calendar has the day that `text` starts with; `Date.parse` takes February 30 for March 2. */
function isDay(text: string): boolean {
  const day = text.slice(0, 10);
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  return text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return (isIpv4(address) && Number(bits) <= 32) || (isIpv6(address) && Number(bits) <= 128);
}
