// The example's page. Signing in happens at an offline Clerk or WorkOS; everything else is supabase-js as an app would
// use it: `createClient(url, key, { accessToken })` and no session of its own.

import { createClient } from "@supabase/supabase-js";
import { clerkPeople, signInAtClerk } from "./clerk.js";
import { signInAtWorkos, workosPeople } from "./workos.js";

const element = (id) => document.getElementById(id);
const settings = await (await fetch("settings.json")).json();

let session = null; // { name, provider, getToken, setSecondFactor? }

const supabase = createClient(settings.url, settings.key, {
  accessToken: async () => (session ? session.getToken() : null),
});

await begin();

async function begin() {
  element("unbuilt").hidden = true;
  const groups = await Promise.all([
    clerkPeople(settings.clerk).then((people) => ({ label: "Clerk", people, signIn: signInAtClerk })),
    workosPeople(settings.workos).then((people) => ({ label: "WorkOS", people, signIn: signInAtWorkos })),
  ]);
  const choices = new Map();
  for (const { label, people, signIn } of groups) {
    const group = document.createElement("optgroup");
    group.label = `through ${label}`;
    for (const person of people) {
      const option = document.createElement("option");
      option.value = `${label} ${person.email}`;
      option.textContent = [person.name ?? person.email, places(person)].filter(Boolean).join(" — ");
      choices.set(option.value, { label, person, signIn });
      group.append(option);
    }
    element("person").append(group);
  }
  element("sign-in").hidden = false;

  element("sign-in").addEventListener("submit", (event) =>
    act(event, async () => {
      const { label, person, signIn } = choices.get(element("person").value);
      session = { name: person.name ?? person.email, provider: label, ...(await signIn(settings, person)) };
      element("who").textContent = session.name;
      element("whence").textContent = `signed in through ${label}${places(person) ? ` · ${places(person)}` : ""}`;
      element("factor-row").hidden = !session.setSecondFactor;
      element("second-factor").checked = false;
      show(true);
      await refresh();
    }),
  );
  element("sign-out").addEventListener("click", () => {
    session = null;
    show(false);
  });
  element("add-list").addEventListener("submit", (event) =>
    act(event, () => write(supabase.from("lists").insert({ name: take("list-name") }))),
  );
  element("announce").addEventListener("submit", (event) =>
    act(event, () => write(supabase.from("announcements").insert({ title: take("announcement") }))),
  );
  element("add-note").addEventListener("submit", (event) =>
    act(event, () => write(supabase.from("private_notes").insert({ body: take("note") }))),
  );
  element("second-factor").addEventListener("change", (event) =>
    act(event, async () => {
      await session.setSecondFactor(event.target.checked);
      await refresh();
    }),
  );
  // A link such as #Clerk%20ada@harbor.example opens the page signed in.
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (choices.has(wanted)) {
    element("person").value = wanted;
    element("sign-in").requestSubmit();
  }
}

function places(person) {
  return person.organizations.map(({ name, role }) => `${role} of ${name}`).join(", ");
}

function show(signedIn) {
  element("sign-in").hidden = signedIn;
  element("signed-in").hidden = !signedIn;
  element("work").hidden = !signedIn;
  element("refusal").hidden = true;
}

/** Run what a control does, with its button off meanwhile; a refusal is shown in the server's own words. */
async function act(event, work) {
  event.preventDefault();
  const button = event.submitter ?? event.target;
  button.disabled = true;
  element("refusal").hidden = true;
  try {
    await work();
  } catch (error) {
    const code = document.createElement("strong");
    code.textContent = error.code ? `${error.code} ` : "";
    element("refusal").replaceChildren(code, [error.message, error.hint].filter(Boolean).join(" "));
    element("refusal").hidden = false;
    element("refusal").scrollIntoView({ block: "nearest" });
  } finally {
    button.disabled = false;
  }
}

function take(id) {
  return element(id).value.trim();
}

/** Send a write; only when it went through are the inputs emptied and the rows read again. */
async function write(request) {
  const { error } = await request;
  if (error) throw error;
  for (const input of document.querySelectorAll("#work form input")) input.value = "";
  await refresh();
}

async function rows(request) {
  const { data, error } = await request;
  if (error) throw error;
  return data;
}

async function refresh() {
  const [lists, announcements, notes] = await Promise.all([
    rows(supabase.from("lists").select("id, name, todos (id, title, done)").order("id").order("id", { referencedTable: "todos" })),
    rows(supabase.from("announcements").select("id, title").order("id")),
    rows(supabase.from("private_notes").select("id, body").order("id")),
  ]);
  element("lists").replaceChildren(...lists.map(listCard));
  element("empty").hidden = lists.length > 0;
  element("announcements").replaceChildren(...announcements.map(({ title }) => line(title)));
  element("silence").hidden = announcements.length > 0;
  element("notes").replaceChildren(...notes.map(({ body }) => line(body)));
}

function line(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}

function listCard(list) {
  const card = document.createElement("article");
  card.className = "card";
  const head = document.createElement("div");
  head.className = "list-head";
  const name = document.createElement("h3");
  name.textContent = list.name;
  head.append(name, deleteButton(`Delete the list ${list.name}`, supabase.from("lists").delete().eq("id", list.id)));
  const todos = document.createElement("ul");
  todos.append(...list.todos.map(todoLine));
  card.append(head, todos, addTodo(list));
  return card;
}

function todoLine(todo) {
  const item = document.createElement("li");
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = todo.done;
  box.addEventListener("change", (event) =>
    act(event, () => write(supabase.from("todos").update({ done: box.checked }).eq("id", todo.id))),
  );
  const title = document.createElement("span");
  title.textContent = todo.title;
  title.className = todo.done ? "done" : "";
  label.append(box, title);
  item.append(label, deleteButton(`Delete ${todo.title}`, supabase.from("todos").delete().eq("id", todo.id)));
  return item;
}

function addTodo(list) {
  const form = document.createElement("form");
  form.className = "row";
  const input = document.createElement("input");
  input.placeholder = "New todo";
  input.maxLength = 500;
  input.required = true;
  input.autocomplete = "off";
  input.setAttribute("aria-label", `New todo on ${list.name}`);
  const button = document.createElement("button");
  button.textContent = "Add";
  form.append(input, button);
  form.addEventListener("submit", (event) =>
    act(event, () => write(supabase.from("todos").insert({ list_id: list.id, title: input.value.trim() }))),
  );
  return form;
}

function deleteButton(label, request) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = "Delete";
  button.setAttribute("aria-label", label);
  button.addEventListener("click", (event) => act(event, () => write(request)));
  return button;
}
