// What the page says, in English and Japanese, by the browser's language or the person's choice.
const LANGUAGES = ["en", "ja"];
const WORDS = {
  "skip": ["Skip to the page", "本文へ移動"],
  "nav": ["Pages", "ページ"],
  "nav.ask": ["Ask", "質問"],
  "nav.documents": ["Documents", "資料"],
  "nav.lists": ["Lists", "質問表"],
  "nav.reviews": ["Reviews", "見直し"],
  "nav.state": ["State", "状態"],
  "collection": ["Collection", "資料集"],
  "panel": ["Document", "資料の表示"],
  "theme": ["Colours: {name}", "配色：{name}"],
  "theme.auto": ["Auto", "自動"],
  "theme.light": ["Light", "明るい"],
  "theme.dark": ["Dark", "暗い"],
  "cancel": ["Cancel", "やめる"],
  "close": ["Close", "閉じる"],
  "yes": ["yes", "はい"],
  "no": ["no", "いいえ"],
  "loading": ["One moment…", "お待ちください…"],
  "choose_file": ["Choose a file", "ファイルを選ぶ"],
  "choose_files": ["Choose files", "ファイルを選ぶ"],
  "sheet": ["sheet {page}", "シート{page}"],
  "slide": ["slide {page}", "スライド{page}"],
  "page": ["p. {page}", "{page}ページ"],
  "no_server": ["The server does not answer. Is it still running?", "サーバーが応答しません。動いているか確かめてください。"],
  "broken_off": ["The connection broke off before the answer was whole.", "回答の途中で接続が切れました。"],
  "token.title": ["A token is needed", "トークンが必要です"],
  "token.text": ["Whoever runs this server can make one for you: qeu-rag token new", "サーバーの管理者に発行してもらってください（qeu-rag token new）。"],
  "token.label": ["Token", "トークン"],
  "token.yes": ["Continue", "続ける"],

  "ask.title": ["What would you like to know?", "何をお調べしますか"],
  "ask.lead": ["Answers come only from your documents, each with its source.", "手元の資料だけから、出典を添えてお答えします。"],
  "ask.placeholder": ["Ask in your own words", "ふだんの言葉で質問してください"],
  "ask.follow": ["Ask on", "続けて質問する"],
  "ask.documents": ["{count} documents are in", "資料 {count} 件が入っています"],
  "ask.documents.one": ["One document is in", "資料 1 件が入っています"],
  "ask.no_documents": ["There are no documents yet. Put some in", "資料はまだありません。ここから入れてください"],
  "ask.send": ["Ask", "質問する"],
  "ask.stop": ["Stop", "止める"],
  "ask.stopped": ["Stopped.", "止めました。"],
  "ask.again": ["Ask again", "もう一度質問する"],
  "ask.fresh": ["New question", "新しい質問"],
  "ask.looking": ["Looking through the documents…", "資料を調べています…"],
  "ask.writing": ["Writing…", "書いています…"],
  "ask.conversation": ["Conversation", "やりとり"],
  "ask.earlier": ["Earlier", "これまでの質問"],
  "ask.forget": ["Forget “{question}”", "「{question}」を消す"],
  "ask.forget_all": ["Forget all", "すべて消す"],
  "ask.kept_here": ["Kept in this browser only.", "このブラウザーの中だけに残ります。"],
  "kind.sure": ["Sure", "確か"],
  "kind.likely": ["Probably", "おそらく"],
  "kind.none": ["The documents do not say", "資料には書かれていません"],
  "kind.failed": ["Failed", "エラー"],
  "kind.wrong": ["Called wrong", "間違いの指摘あり"],
  "kind.sure.hint": ["Stands in the documents.", "資料に書かれています。"],
  "kind.likely.hint": ["Please check the source.", "出典をお確かめください。"],
  "kind.none.hint": ["", ""],
  "kind.failed.hint": ["", ""],
  "open_source": ["Source {number}: {place}", "出典{number}：{place}"],
  "sources": ["Sources", "出典"],
  "nearest": ["What comes nearest", "近い記述"],
  "approved_by": ["Approved by {by}, {at}", "{by} が承認（{at}）"],
  "stale_since": ["Approved by {by}, {at}; a passage changed since", "{by} が承認（{at}）。その後、根拠の記述が変わりました"],
  "stale_note": ["An answer that {by} approved on {at} is not given any more: a passage under it changed.", "{by} が {at} に承認した回答は、根拠の記述が変わったため使われていません。"],
  "sources_differ": ["The documents differ on this; both are shown.", "資料によって記述が異なるため、両方を示しています。"],
  "claims_left_out": ["Sentences that the documents do not bear out were left out.", "資料で裏づけられない文は除きました。"],
  "helped": ["This helped", "役に立った"],
  "wrong": ["This is wrong", "間違っている"],
  "thanks": ["Noted. Thank you.", "記録しました。ありがとうございます。"],
  "copy": ["Copy", "コピー"],
  "copied": ["Copied.", "コピーしました。"],
  "seconds": ["{seconds} s", "{seconds}秒"],

  "opening": ["Opening the document…", "資料を開いています…"],
  "as_page": ["Page", "紙面"],
  "as_text": ["Text", "文字"],
  "page_of": ["{page} / {last}", "{page} / {last}"],
  "page_before": ["Page before", "前のページ"],
  "page_after": ["Next page", "次のページ"],
  "page_marked": ["Page {page} of {title}, the quoted words marked", "「{title}」{page}ページ。引用箇所に印があります"],
  "page_picture": ["Page {page} of {title}", "「{title}」{page}ページ"],
  "page_unmarked": ["The quoted words could not be marked on this page; they are in the text.", "このページには印を付けられませんでした。「文字」でご覧ください。"],
  "no_picture": ["There is no picture of this page; please see the text.", "このページは紙面で表示できません。「文字」でご覧ください。"],
  "passage_gone": ["The document changed since: the quoted words do not stand in it any more.", "資料がその後変わり、引用した文は見当たりません。"],
  "passage_shown": ["The passage is marked: {quote}", "該当箇所に印を付けました：{quote}"],
  "document_cut": ["The document is long: this is the part around the passage.", "長い資料のため、該当箇所の前後だけを表示しています。"],

  "documents.lead": ["What the answers come from.", "回答のもとになる資料です。"],
  "documents.drop": ["Drop files or folders here", "ファイルやフォルダーをここに置いてください"],
  "documents.kinds": ["Word, PDF, Excel, PowerPoint, mail, HTML, Markdown, text and more", "Word、PDF、Excel、PowerPoint、メール、HTML、Markdown、テキストなど"],
  "documents.uploads": ["Uploads", "取り込み"],
  "documents.some": ["{count} files", "{count} 件のファイル"],
  "documents.read": ["Read. Passages: {count}", "読み込みました（{count} 箇所）"],
  "documents.total": ["{added} added, {updated} updated, {removed} removed, {failed} not read", "追加 {added}、更新 {updated}、削除 {removed}、読めず {failed}"],
  "documents.none": ["There are no documents yet.", "資料はまだありません。"],
  "documents.filter": ["Find a document by name", "資料名で絞り込む"],
  "documents.sync": ["Look for changes", "変更を取り込む"],
  "documents.name": ["Document", "資料"],
  "documents.language": ["Language", "言語"],
  "documents.pages": ["Pages", "ページ"],
  "documents.when": ["Read", "読み込み"],
  "documents.actions": ["Actions", "操作"],
  "documents.remarks": ["{count} remarks on what was read", "読み取りの注意 {count} 件"],
  "documents.remarks.one": ["One remark on what was read", "読み取りの注意 1 件"],
  "documents.remove": ["Take out {name}", "「{name}」を外す"],
  "documents.remove_title": ["Take this document out?", "この資料を外しますか"],
  "documents.remove_text": ["{name} will not be searched any more, and its uploaded file is deleted.", "「{name}」は検索されなくなり、アップロードしたファイルも削除されます。"],
  "documents.remove_yes": ["Take out", "外す"],
  "documents.left_out": ["Not read: {count}", "読めなかったファイル：{count} 件"],
  "job.sending": ["Sending", "送信中"],
  "job.waiting": ["Waiting", "待機中"],
  "job.running": ["Running", "実行中"],
  "job.done": ["Done", "完了"],
  "job.failed": ["Failed", "失敗"],
  "job.interrupted": ["Interrupted", "中断"],

  "lists.lead": ["A list of questions in, the same list with checked answers out.", "質問の一覧を渡すと、確かめた回答を付けてお返しします。"],
  "lists.drop": ["Drop a list of questions here", "質問の一覧をここに置いてください"],
  "lists.kinds": ["Excel, CSV, Markdown or text, a question a row", "Excel、CSV、Markdown、テキスト（1行に1問）"],
  "lists.forget": ["Forget {name}", "「{name}」を消す"],
  "lists.download": ["Download the answered list", "回答済みの一覧を保存"],
  "lists.edit": ["Edit", "編集"],
  "lists.answer": ["Answer to row {row}", "{row}行目の回答"],
  "lists.source": ["Source of row {row}", "{row}行目の出典"],
  "lists.source_hint": ["Where it stands, for example: travel.md › Allowances", "出典（例：travel.md › 日当）"],
  "lists.approve": ["Approve this answer", "この回答を承認する"],
  "lists.by": ["Your name", "お名前"],
  "lists.keep": ["Keep approved answers", "承認した回答を残す"],
  "lists.none_marked": ["No row is marked yet.", "承認する行が選ばれていません。"],
  "lists.kept": ["{kept} kept, {refused} refused", "{kept} 件を残しました（残せなかったもの {refused} 件）"],
  "lists.row_kept": ["Approved.", "承認しました。"],
  "outcome.supported": ["Sure", "確か"],
  "outcome.likely": ["Probably", "おそらく"],
  "outcome.partly": ["In part", "一部のみ"],
  "outcome.conflict": ["Documents differ", "資料に相違"],
  "outcome.not_in_documents": ["Not in documents", "記載なし"],
  "outcome.error": ["Failed", "エラー"],

  "reviews.conflicts": ["Documents differ", "食い違い"],
  "reviews.conflicts.lead": ["Passages on one subject that differ in a number, a unit, a date or a negation.", "同じ事柄について、数値・単位・日付・肯否が異なる記述です。"],
  "reviews.conflicts.none": ["No passages differ.", "食い違う記述はありません。"],
  "reviews.gaps": ["Gaps", "足りない資料"],
  "reviews.gaps.lead": ["What was asked and the documents do not answer well, or whose answer was called wrong: what to write next.", "資料では答えられない質問と、回答が「間違っている」とされた質問です。次に書くべき内容が分かります。"],
  "reviews.gaps.none": ["No open questions.", "答えられていない質問はありません。"],
  "reviews.not_logged": ["Questions are not kept here. To keep them: log: {questions: true} in the profile.", "質問は記録されていません。記録するには、プロファイルに log: {questions: true} と書いてください。"],
  "reviews.asked": ["Asked {count} times", "{count} 回質問されました"],
  "reviews.asked.one": ["Asked once", "1 回質問されました"],
  "reviews.wrong": ["called wrong {count} ×", "「間違っている」{count} 件"],
  "reviews.stale": ["Stale answers", "古くなった回答"],
  "reviews.stale.lead": ["Approved answers that are not given any more, as a passage under them changed.", "根拠の記述が変わったため使われなくなった承認済み回答です。"],
  "reviews.stale.none": ["No answer is stale.", "古くなった回答はありません。"],
  "reviews.approved": ["Approved answers", "承認済みの回答"],
  "reviews.approved.lead": ["Given word for word to the same question.", "同じ質問には、この回答をそのままお返しします。"],
  "reviews.approved.none": ["No answer was approved yet.", "承認された回答はまだありません。"],
  "reviews.before": ["[{marker}] {source}, before", "[{marker}] {source}（以前）"],
  "reviews.after": ["Now", "現在"],
  "reviews.gone": ["Gone.", "なくなりました。"],
  "reviews.renew": ["Still right", "今も正しい"],
  "reviews.renew_text": ["The answer will be given again as it is.", "この回答をそのまま再び使います。"],
  "reviews.withdraw": ["Withdraw", "承認を取り消す"],
  "differs.number": ["Number", "数値"],
  "differs.unit": ["Unit", "単位"],
  "differs.date": ["Date", "日付"],
  "differs.negation": ["Yes and no", "肯定と否定"],

  "state.lead": ["What is in, what answers, and what is going on.", "資料の量と、回答の仕組みと、いまの動きです。"],
  "state.documents": ["documents", "資料"],
  "state.chunks": ["passages", "記述"],
  "state.skipped": ["not read", "読めず"],
  "state.size": ["on disk", "容量"],
  "state.collection": ["Collection", "資料集"],
  "state.languages": ["Languages", "言語"],
  "state.last": ["Last read", "最終読み込み"],
  "state.engine": ["Answers by", "回答"],
  "state.extractive": ["the documents’ own words", "資料の文そのまま"],
  "state.embedder": ["Understanding by", "意味の理解"],
  "state.indexes": ["Indexes", "索引"],
  "state.intact": ["intact", "正常"],
  "state.away": ["their server does not answer", "ベクトルサーバーが応答しません"],
  "state.damaged": ["damaged; they mend themselves at the next question", "損傷あり（次の質問で自動的に直ります）"],
  "state.interrupted": ["(a reading was interrupted)", "（読み込みが中断しています）"],
  "state.work": ["Now", "現在"],
  "state.running": ["{running} answering, {waiting} waiting", "回答中 {running}、待ち {waiting}"],
  "state.writing": ["reading documents", "資料を読み込み中"],
  "state.logged": ["Questions kept", "質問の記録"],
  "state.who": ["You are", "利用者"],
  "state.version": ["Version", "版"],
};

let spoken = null;

/** "ja" or "en": the person's choice, else the browser's first language that the page speaks. */
export function language() {
  const wish = [spoken, localStorage.getItem("qeu_rag.language"), ...navigator.languages.map((one) => one.slice(0, 2))];
  return wish.find((one) => LANGUAGES.includes(one)) ?? "en";
}

/** Chooses a language, and tells the browser and screen readers. */
export function setLanguage(to) {
  if (to !== language()) localStorage.setItem("qeu_rag.language", to);
  spoken = to;
  document.documentElement.lang = to;
}

/** The words of `key`, with `{names}` filled from `values`; of one thing, those of `key.one` where there are such. */
export function say(key, values = {}) {
  const known = (values.count === 1 && WORDS[`${key}.one`]) || WORDS[key];
  const words = known?.[LANGUAGES.indexOf(language())] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Which page of `source` it is, as its kind of file calls them; "" where there is none. */
export function pageOf({ source, page }) {
  if (!page) return "";
  if (/\.(xls[xmb]?|ods)$/i.test(source)) return say("sheet", { page });
  return say(/\.(ppt[xm]?|odp)$/i.test(source) ? "slide" : "page", { page });
}

/** A moment (ISO 8601) as people write it: the time where it is today's, else the day. */
export function when(moment) {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return String(moment ?? "");
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language(), today ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric", month: "short", day: "numeric" }).format(date);
}

/** The name of a language of documents. */
export const languageName = (code) => ({ ja: ["Japanese", "日本語"], en: ["English", "英語"] })[code]?.[LANGUAGES.indexOf(language())] ?? "–";
