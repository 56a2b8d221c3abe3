// What the Python side hands over: the server's address, its keys and everybody's tokens.
import { readFileSync } from 'node:fs'
import { createClient as createSupabaseClient } from '@supabase/supabase-js'
import ws from 'ws'

export const world = JSON.parse(readFileSync(process.env.WORLD, 'utf8'))

/** supabase-js makes its Realtime client at once, and Node before 22 has no WebSocket of its own to give it. */
export const createClient = (url, key, options = {}) =>
  createSupabaseClient(url, key, { realtime: { transport: ws }, ...options })

/** A client as the Clerk and WorkOS guides make it: the provider's token comes from `accessToken`. */
export const as = (person, options = {}) =>
  createClient(world.url, world.keys.PUBLISHABLE_KEY, { accessToken: async () => world.tokens[person], ...options })

/** A client of nobody: only the publishable key. */
export const nobody = () => createClient(world.url, world.keys.PUBLISHABLE_KEY, { auth: { persistSession: false } })

/** The rows of an answer that must be good. */
export const good = ({ data, error, status }) => {
  if (error) throw new Error(`${status} ${JSON.stringify(error)}`)
  return data
}
