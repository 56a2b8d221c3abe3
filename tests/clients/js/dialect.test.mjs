// Every idiom of supabase-js's query builder, against the world of tests/integration/rest/cinema.sql.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PostgrestClient } from '@supabase/postgrest-js'
import { as, good, world } from './world.mjs'

const db = as('alice')
const ids = async (query) => good(await query).map((row) => row.id).sort()
const films = () => db.from('films').select('id')

const filters = {
  eq: [(q) => q.eq('year', 2005), [2]],
  neq: [(q) => q.neq('language', 'en'), [2]],
  gt: [(q) => q.gt('year', 2005), [3, 4]],
  gte: [(q) => q.gte('year', 2005), [2, 3, 4]],
  lt: [(q) => q.lt('year', 2005), [1]],
  lte: [(q) => q.lte('year', 2005), [1, 2]],
  like: [(q) => q.like('title', '%Hour'), [2]],
  likeAllOf: [(q) => q.likeAllOf('title', ['%e%', '%i%']), [1]],
  likeAnyOf: [(q) => q.likeAnyOf('title', ['Red%', 'Orph%']), [1, 4]],
  ilike: [(q) => q.ilike('title', 'red%'), [1]],
  ilikeAllOf: [(q) => q.ilikeAllOf('title', ['%E%', 'b%']), [2]],
  ilikeAnyOf: [(q) => q.ilikeAnyOf('title', ['red%', 'blue%']), [1, 2]],
  'is null': [(q) => q.is('rating', null), [3]],
  'is true, of a computed column': [(q) => q.is('is_old', true), [1]],
  in: [(q) => q.in('title', ['Gold, or Nothing', 'Orphan']), [3, 4]],
  'in nothing': [(q) => q.in('id', []), []],
  'contains, of an array': [(q) => q.contains('genres', ['drama', 'sea']), [1]],
  'contains, of an object': [(q) => q.contains('facts', { budget: { unit: 'M' } }), [1, 2]],
  'contains, of a range': [(q) => q.contains('shown', '[1998-02-01,1998-03-01)'), [1]],
  'containedBy, of an array': [(q) => q.containedBy('genres', ['drama']), [2, 3]],
  'containedBy, of an object': [(q) => q.containedBy('facts', { budget: null, x: 1 }), [4]],
  'containedBy, of a range': [(q) => q.containedBy('shown', '[1990-01-01,2000-01-01)'), [1]],
  overlaps: [(q) => q.overlaps('genres', ['sea', 'none']), [1]],
  'overlaps, of a range': [(q) => q.overlaps('shown', '[1998-05-01,2005-02-01)'), [1, 2]],
  rangeGt: [(q) => q.rangeGt('shown', '[2000-01-01,2001-01-01)'), [2, 4]],
  rangeGte: [(q) => q.rangeGte('shown', '[2000-01-01,2001-01-01)'), [2, 4]],
  rangeLt: [(q) => q.rangeLt('shown', '[2000-01-01,2001-01-01)'), [1]],
  rangeLte: [(q) => q.rangeLte('shown', '[2000-01-01,2001-01-01)'), [1]],
  rangeAdjacent: [(q) => q.rangeAdjacent('shown', '[1998-06-01,2005-01-01)'), [1, 2]],
  textSearch: [(q) => q.textSearch('words', 'cat', { config: 'english' }), [2]],
  'textSearch plain': [(q) => q.textSearch('words', 'red tide', { type: 'plain', config: 'english' }), [1]],
  'textSearch phrase': [(q) => q.textSearch('words', 'blue hour', { type: 'phrase' , config: 'english' }), [2]],
  'textSearch websearch': [(q) => q.textSearch('words', 'red or gold -sea', { type: 'websearch' }), [1, 3]],
  match: [(q) => q.match({ language: 'en', director_id: 2 }), [3]],
  not: [(q) => q.not('rating', 'is', null), [1, 2, 4]],
  'not in': [(q) => q.not('id', 'in', '(1,2)'), [3, 4]],
  notIn: [(q) => q.notIn('title', ['Gold, or Nothing', 'Orphan']), [1, 2]],
  isDistinct: [(q) => q.isDistinct('language', 'en'), [2, 4]],
  regexMatch: [(q) => q.regexMatch('title', '^(Red|Gold)'), [1, 3]],
  regexIMatch: [(q) => q.regexIMatch('title', 'hour$'), [2]],
  'several at once': [(q) => q.eq('language', 'en').is('rating', null).contains('genres', []).gt('year', 2000), [3]],
  or: [(q) => q.or('id.eq.1,and(year.gt.2000,rating.is.null)'), [1, 3]],
  'filter on a JSON path': [(q) => q.filter('facts->budget->amount', 'gt', 10), [1]],
  'eq on a JSON path': [(q) => q.eq('facts->budget->>unit', 'M'), [1, 2]],
}
for (const [name, [narrow, expected]] of Object.entries(filters)) {
  test(`filter: ${name}`, async () => assert.deepEqual(await ids(narrow(films())), expected))
}

test('single, maybeSingle and their refusals', async () => {
  assert.equal(good(await db.from('films').select('title').eq('id', 1).single()).title, 'Red Tide')
  assert.equal(good(await db.from('films').select('title').eq('id', 99).maybeSingle()), null)
  for (const asked of [films().single(), films().eq('id', 99).single()]) {
    const { error, status } = await asked
    assert.equal(status, 406)
    assert.equal(error.code, 'PGRST116')
    assert.match(error.details, /^The result contains [04] rows$/)
  }
  assert.equal((await films().maybeSingle()).error.code, 'PGRST116')
})

test('csv', async () => {
  const { data, error } = await db.from('films').select('id,title').lt('id', 3).order('id').csv()
  assert.equal(error, null)
  assert.equal(data, 'id,title\n1,"Red Tide"\n2,"Blue Hour"')
})

test('explain, as text and as JSON', async () => {
  assert.match(good(await films().explain()), /Seq Scan on films/)
  assert.match(good(await films().explain({ analyze: true, verbose: true, settings: true, buffers: true, wal: true })),
    /actual time/)
  const [{ Plan: plan }] = good(await films().explain({ format: 'json' }))
  assert.equal(plan['Node Type'], 'Aggregate')
})

test('counts: exact, planned, estimated, with and without rows', async () => {
  for (const count of ['exact', 'planned', 'estimated']) {
    const whole = await db.from('films').select('*', { count })
    assert.equal(whole.status, 200)
    assert.ok(whole.count > 0)
  }
  const head = await db.from('films').select('*', { count: 'exact', head: true }).gt('year', 2000)
  assert.deepEqual([head.status, head.count, head.data], [200, 3, null])
  const page = await db.from('films').select('id', { count: 'exact' }).order('id').range(1, 2)
  assert.deepEqual([page.status, page.count, page.data], [206, 4, [{ id: 2 }, { id: 3 }]])
  const past = await db.from('films').select('id', { count: 'exact' }).range(50, 60)
  assert.deepEqual([past.status, past.error.code], [416, 'PGRST103'])
})

test('order, nulls, limits and their likes inside an embed', async () => {
  const rated = (options) => db.from('films').select('id').order('rating', options).limit(1).single()
  assert.equal(good(await rated({ ascending: false, nullsFirst: true })).id, 3)
  assert.equal(good(await rated({ ascending: false, nullsFirst: false })).id, 2)
  assert.equal(good(await rated({ ascending: true })).id, 4)
  const cast = good(await db.from('films').select('id, actors(last_name)').eq('id', 1)
    .order('last_name', { referencedTable: 'actors', ascending: false }).limit(1, { referencedTable: 'actors' }))
  assert.deepEqual(cast, [{ id: 1, actors: [{ last_name: 'Cole' }] }])
  const ranged = good(await db.from('films').select('id, actors(last_name)').eq('id', 1)
    .order('last_name', { referencedTable: 'actors' }).range(1, 1, { referencedTable: 'actors' }))
  assert.deepEqual(ranged, [{ id: 1, actors: [{ last_name: 'Cole' }] }])
  const byDirector = good(await db.from('films').select('id, directors(last_name)').order('directors(last_name)',
    { ascending: false, nullsFirst: false }))
  assert.equal(byDirector[0].id, 3)
})

test('or inside an embed; inner joins; null filters', async () => {
  const found = good(await db.from('films').select('id, roles!inner(part)')
    .or('part.eq.cook,part.eq.poet', { referencedTable: 'roles' }).order('id'))
  assert.deepEqual(found, [{ id: 1, roles: [{ part: 'cook' }] }, { id: 2, roles: [{ part: 'poet' }] }])
  assert.deepEqual(good(await db.from('films').select('id, directors()').is('directors', null)), [{ id: 4 }])
  assert.equal(good(await db.from('films').select('id, directors()').not('directors', 'is', null)).length, 3)
})

test('spreads, aliases, casts, hints, aggregates', async () => {
  assert.deepEqual(good(await db.from('films').select('name:title, year::text, ...directors(director:last_name)').eq('id', 1)),
    [{ name: 'Red Tide', year: '1998', director: 'Lund' }])
  assert.deepEqual(good(await db.from('directors').select('last_name, ...films(titles:title)').eq('id', 1)),
    [{ last_name: 'Lund', titles: ['Red Tide', 'Blue Hour'] }])
  assert.deepEqual(good(await db.from('orders').select('name, b:addresses!billing(name), s:addresses!shipping(name)').eq('id', 1)),
    [{ name: 'one', b: { name: 'A street' }, s: { name: 'B street' } }])
  assert.deepEqual(good(await db.from('films').select('n:count(), best:rating.max()').single()), { n: 4, best: 8.1 })
  assert.deepEqual(good(await db.from('directors').select('id, films(count)').eq('id', 1).single()),
    { id: 1, films: [{ count: 2 }] })
})

test('an ambiguous embed says what it could mean', async () => {
  const { error, status } = await db.from('orders').select('addresses(*)')
  assert.deepEqual([status, error.code, error.details.length], [300, 'PGRST201', 2])
  assert.match(error.hint, /'addresses!billing', 'addresses!shipping'/)
})

test('two embeds of one name need an alias', async () => {
  const { error, status } = await db.from('orders').select('addresses!billing(name), addresses!shipping(name)')
  assert.deepEqual([status, error.code, error.message],
    [400, '42712', 'table name "orders_addresses_1" specified more than once'])
})

test('the settings of a plan are those of the request, and no more', async () => {
  const [{ Settings: settings }] = good(await db.from('films').select().eq('year', 2005)
    .explain({ settings: true, format: 'json' }))
  assert.equal(settings.search_path, '"public", "public", "extensions"')
  assert.equal(settings.plan_cache_mode, undefined)
})

test('rollback undoes every kind of write, and answers as if it had been kept', async () => {
  const made = await db.from('items').insert({ code: 'undone' }).select('code').rollback().single()
  assert.deepEqual([made.status, made.data], [201, { code: 'undone' }])
  const merged = await db.from('items').upsert({ code: 'undone' }, { onConflict: 'code' }).select('code').rollback()
  assert.deepEqual([merged.status, merged.data], [201, [{ code: 'undone' }]])
  assert.deepEqual(good(await db.from('items').select('code').eq('code', 'undone')), [])
  const before = good(await db.from('films').select('id, title').order('id'))
  const changed = await db.from('films').update({ title: 'x' }).gt('id', 0).select('title').rollback()
  const gone = await db.from('roles').delete().gt('film_id', 0).select('film_id').rollback()
  const called = await db.rpc('rename_films', { suffix: '?' }).rollback()
  for (const answer of [changed, gone, called]) assert.equal(answer.error, null)
  assert.deepEqual(good(await db.from('films').select('id, title').order('id')), before)
})

test('an overload that cannot be chosen names them all in a fixed order', async () => {
  const { error, status } = await db.rpc('twins', { a: 1 })
  assert.deepEqual([status, error.code, error.message], [300, 'PGRST203',
    'Could not choose the best candidate function between: public.twins(a => integer), public.twins(a => text)'])
})

test('insert, bulk insert, defaults, update, delete', async () => {
  const fresh = db.from('items')
  assert.deepEqual([(await fresh.insert({ name: 'js', code: 'js1' })).status], [201])
  const bulk = good(await db.from('items').insert([{ name: 'js', code: 'js2' }, { code: 'js3' }]).select('name, stock, code'))
  assert.deepEqual(bulk, [{ name: 'js', stock: 100, code: 'js2' }, { name: null, stock: 100, code: 'js3' }])
  const filled = good(await db.from('items').insert([{ name: 'js', code: 'js4' }, { code: 'js5' }], { defaultToNull: false })
    .select('name, stock, code'))
  assert.deepEqual(filled.map((row) => row.name), ['js', 'unnamed'])
  const twice = await db.from('items').insert({ code: 'js1' })
  assert.deepEqual([twice.status, twice.error.code], [409, '23505'])
  const counted = await db.from('items').update({ stock: 1 }, { count: 'exact' }).eq('code', 'js1')
  assert.deepEqual([counted.status, counted.count, counted.data], [204, 1, null])
  const one = await db.from('items').update({ stock: 2 }).eq('code', 'js1').select('stock').single()
  assert.deepEqual([one.status, one.data], [200, { stock: 2 }])
  const capped = await db.from('items').update({ stock: 3 }).like('code', 'js%').maxAffected(1)
  assert.deepEqual([capped.status, capped.error.code], [400, 'PGRST124'])
  const gone = await db.from('items').delete({ count: 'exact' }).like('code', 'js%').select('code')
  assert.deepEqual([gone.status, gone.count, gone.data.length], [200, 5, 5])
})

test('upsert: by key, by another column, ignoring duplicates, filling defaults', async () => {
  const made = await db.from('items').upsert({ code: 'up', name: 'first' }, { onConflict: 'code' }).select('name').single()
  assert.deepEqual([made.status, made.data], [201, { name: 'first' }])
  const merged = await db.from('items').upsert({ code: 'up', name: 'second' }, { onConflict: 'code', count: 'exact' }).select('name')
  assert.deepEqual([merged.status, merged.count, merged.data], [200, 1, [{ name: 'second' }]])
  const ignored = await db.from('items').upsert([{ code: 'up', name: 'third' }], { onConflict: 'code', ignoreDuplicates: true }).select()
  assert.deepEqual([ignored.status, ignored.data], [201, []])
  const filled = good(await db.from('items').upsert([{ code: 'up', name: 'x' }, { code: 'up2' }],
    { onConflict: 'code', defaultToNull: false }).select('name'))
  assert.deepEqual(filled.map((row) => row.name).sort(), ['unnamed', 'x'])
  good(await db.from('items').delete().in('code', ['up', 'up2']))
})

test('rpc: by POST, GET and HEAD, with filters, counts, embeds and refusals', async () => {
  assert.equal(good(await db.rpc('add_them', { a: 1, b: 2 })), 3)
  assert.equal(good(await db.rpc('add_them', { a: 1, b: 2 }, { get: true })), 3)
  assert.equal(good(await db.rpc('greet')), 'hi you')
  assert.equal(good(await db.rpc('sum_array', { v: [1, 2, 3] })), 6)
  assert.equal(good(await db.rpc('sum_array', { v: [1, 2, 3] }, { get: true })), 6)
  const rows = await db.rpc('films_after', { y: 2000 }, { count: 'exact' }).select('id, directors(last_name)').order('id').limit(1)
  assert.deepEqual([rows.status, rows.count, rows.data], [206, 3, [{ id: 2, directors: { last_name: 'Lund' } }]])
  const head = await db.rpc('films_after', { y: 2000 }, { head: true, count: 'exact' })
  assert.deepEqual([head.status, head.count, head.data], [200, 3, null])
  assert.deepEqual([(await db.rpc('nothing')).status], [204])
  assert.equal(good(await db.rpc('page')), '<p>hello</p>')
  assert.equal(good(await db.rpc('nulled')), null)
  assert.deepEqual(good(await db.rpc('one_pair').single()), { n: 1, word: 'one' })
  const lost = await db.rpc('add_thm', { a: 1 })
  assert.deepEqual([lost.status, lost.error.code, lost.error.hint],
    [404, 'PGRST202', 'Perhaps you meant to call the function public.add_them'])
  const raised = await db.rpc('raise_it', { state: 'PT402', message: 'pay' })
  assert.deepEqual([raised.status, raised.error.message], [402, 'pay'])
})

test('an embed by a column, by a key, by a view, of itself, and of nothing', async () => {
  const row = async (table, select) => good(await db.from(table).select(select).eq('id', 1).single())
  assert.deepEqual(await row('orders', 'billing_id(name), to:shipping_id(name)'),
    { billing_id: { name: 'A street' }, to: { name: 'B street' } })
  assert.deepEqual(await row('addresses', 'name, billed:billing(name), shipped:orders!shipping(name)'),
    { name: 'A street', billed: [{ name: 'one' }], shipped: [] })
  assert.deepEqual(await row('directors', 'last_name, film_list(id)'), { last_name: 'Lund', film_list: [{ id: 1 }, { id: 2 }] })
  assert.deepEqual(await row('films', 'title, directors(), id, id'), { title: 'Red Tide', id: 1 })
  assert.deepEqual(await row('employees', 'name, employees(name)'), { name: 'E1', employees: [{ name: 'E2' }, { name: 'E3' }] })
  assert.deepEqual(await row('employees', 'name, employees!supervisor_id(id), supervisor_id(name)'),
    { name: 'E1', employees: [{ id: 2 }, { id: 3 }], supervisor_id: null })
  const { error, status } = await db.from('employees').select('name, employees!employees_supervisor_id_fkey(name)')
  assert.deepEqual([status, error.code, error.hint], [400, 'PGRST200', null])
  assert.match(error.details, /'employees' and 'employees' using the hint 'employees_supervisor_id_fkey' in the schema/)
})

test('aggregates beside spreads, and of columns that are not there', async () => {
  const sums = good(await db.from('directors').select('last_name, films(id.sum(), n:count(), ...technical_specs(camera))').eq('id', 1).single())
  assert.deepEqual(sums.films.sort((one, other) => one.sum - other.sum),
    [{ sum: 1, n: 1, camera: 'A' }, { sum: 2, n: 1, camera: 'B' }])
  for (const [select, message] of [['n:nothing.count()', 'column films.nothing does not exist'],
    ['roles(sum)', 'column roles_1.sum does not exist']]) {
    const { error, status } = await db.from('films').select(select)
    assert.deepEqual([status, error.code, error.message], [400, '42703', message])
  }
})

test('functions as embeds: many rows, one, one that must be there, and what is none', async () => {
  const titled = good(await db.from('films').select('id, showings(location, film(title)), is_old').eq('id', 1))
  assert.deepEqual(titled, [{ id: 1, is_old: true,
    showings: ['Oslo', 'Rome'].map((location) => ({ location, film: { title: 'Red Tide' } })) }])
  assert.deepEqual(good(await db.from('directors').select('id, any_film(title, is_old)').order('id')), [
    { id: 1, any_film: { title: 'Red Tide', is_old: true } }, { id: 2, any_film: { title: 'Gold, or Nothing', is_old: false } },
    { id: 3, any_film: null }])
  assert.deepEqual(good(await db.from('directors').select('id, first:any_film!inner(id)').order('id')),
    [{ id: 1, first: { id: 1 } }, { id: 2, first: { id: 3 } }])
  const { error, status } = await db.from('films').select('id, best_film(*)')
  assert.deepEqual([status, error.code, error.message],
    [400, 'PGRST200', "Could not find a relationship between 'films' and 'best_film' in the schema cache"])
})

test('a call that is given a row, and one that gives a row', async () => {
  const maker = { id: 1, first_name: null, last_name: null }
  assert.deepEqual(good(await db.rpc('films_by', { maker }).select('name:title, year::text, directors(last_name)')), [
    { name: 'Red Tide', year: '1998', directors: { last_name: 'Lund' } },
    { name: 'Blue Hour', year: '2005', directors: { last_name: 'Lund' } }])
  assert.deepEqual(good(await db.rpc('films_by', { maker: { id: 1 } }).select('count(), language').order('language')),
    [{ count: 1, language: 'en' }, { count: 1, language: 'fr' }])
  const best = await db.rpc('best_film').select('title, directors(last_name)')
  assert.deepEqual([best.status, best.data], [200, { title: 'Red Tide', directors: { last_name: 'Lund' } }])
  for (const none of [db.rpc('best_film').eq('id', 9).select('title'), db.rpc('best_film').select('title').eq('id', 9)]) {
    const { data, error, status } = await none
    assert.deepEqual([status, data, error], [200, null, null])
  }
  const capped = await db.rpc('films_by', { maker }).maxAffected(1).select()
  assert.deepEqual([capped.status, capped.error.code, capped.data], [400, 'PGRST124', null])
})

test('writes that meet nothing, nulls left out, numbers too large for a double', async () => {
  const nobody = () => db.from('items').update({ name: 'x' }).eq('code', 'nobody')
  const quiet = await nobody()
  assert.deepEqual([quiet.status, quiet.statusText, quiet.data], [204, 'No Content', null])
  assert.deepEqual(good(await nobody().select()), [])
  assert.deepEqual(good(await db.from('films').select('id, rating').eq('id', 3).single().stripNulls()), { id: 3 })
  assert.deepEqual(good(await db.from('موارد').insert({ هویت: '9223372036854775807' }).select('هویت::text').rollback().single()),
    { هویت: '9223372036854775807' })
  assert.equal(good(await db.from('films').select('id').order('facts->budget->amount', { ascending: false, nullsFirst: false }))[0].id, 1)
})

test('the REST client alone sends no key, and is anonymous', async () => {
  const alone = new PostgrestClient(`${world.url}/rest/v1`)
  const found = await alone.from('films').select('title').eq('id', 1).single()
  assert.deepEqual([found.status, found.statusText, found.data], [200, 'OK', { title: 'Red Tide' }])
  const closed = await alone.from('keyless').select()
  assert.deepEqual([closed.status, closed.error.code, closed.error.message], [401, '42501', 'permission denied for table keyless'])
})

test('schema, throwOnError, abortSignal, unknown tables', async () => {
  assert.deepEqual(good(await db.schema('other').from('things').select()), [{ id: 1, name: 'elsewhere' }])
  const closed = await db.schema('secret').from('things').select()
  assert.deepEqual([closed.status, closed.error.code], [406, 'PGRST106'])
  await assert.rejects(async () => await db.from('films').select('nope').throwOnError(), { code: '42703' })
  const { error } = await films().abortSignal(AbortSignal.abort())
  assert.match(error.message, /abort/i)
  const near = await db.from('film').select()
  assert.deepEqual([near.status, near.error.code, near.error.hint],
    [404, 'PGRST205', "Perhaps you meant the table 'public.films'"])
})

test('domains, odd names and other scripts', async () => {
  assert.deepEqual(good(await db.from('paints').select('shade').eq('shade', '#ff0000')), [{ shade: '#ff0000' }])
  assert.deepEqual(good(await db.from('Odd Servers').select('"a,b(c)"').eq('id', 1)), [{ 'a,b(c)': 'x' }])
  assert.deepEqual(good(await db.from('موارد').select('نام').eq('هویت', 1)), [{ نام: 'یک' }])
})
