import { OutboundRefused } from './request-outbound.ts';

/** Where something elsewhere is had from. */
export interface Source {
  /** How it is named to people. */
  readonly shown: string;
  /** What it is, whoever asks for it: two sources of the same place are the same thing. Holds no credentials. */
  readonly place: string;
  /** The address that is asked; may hold a signature, and is shown to nobody. */
  readonly address: () => Promise<string>;
  /** Redirects that are followed. */
  readonly redirects: number;
  /** With whose rights it is asked, where that is worth a word. */
  readonly rights?: string;
}

/** An address of the web, asked as nobody. */
export const webSource = (href: string): Source => ({ shown: href, place: href, address: () => Promise.resolve(href), redirects: 5 });

/** It answered, and not with what is there. */
export const refusedWith = ({ shown, rights }: Source, status: number): OutboundRefused =>
  new OutboundRefused(`${shown} answers ${status}${rights === undefined ? '' : ` (asked ${rights})`}`);
