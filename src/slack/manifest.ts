import { parseDocument } from 'yaml';
import { ConfigError } from '../errors.ts';
import { requestPath } from './http.ts';

/**
 * The app's manifest, written for Socket Mode, as it must be where Slack sends requests to an address instead. Throws a
 * ConfigError when it is an address to which Slack would send nothing.
 */
export function manifestForHttp(manifest: string, address: string): string {
  const base = URL.parse(address);
  if (base?.protocol !== 'https:' || base.href !== `${base.origin}/`)
    throw new ConfigError([
      '--url must be the https:// address at which Slack reaches Holt, without a path: https://holt.example',
    ]);
  const url = base.origin + requestPath;
  const document = parseDocument(manifest);
  document.setIn(['settings', 'socket_mode_enabled'], false);
  document.setIn(['settings', 'event_subscriptions', 'request_url'], url);
  document.setIn(['settings', 'interactivity', 'request_url'], url);
  document.setIn(['settings', 'interactivity', 'message_menu_options_url'], url);
  document.setIn(['features', 'slash_commands', 0, 'url'], url);
  return document.toString({ lineWidth: 120 });
}
