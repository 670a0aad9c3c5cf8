/* How well a table fits a question. */
#include "parse.h"

static double entry_score(const struct table *t, const struct entry *e, const struct item *it)
{
    double words = 0.5 * (it->n - 1) + (it->exact && !e->stemmed ? 0.2 : 0);
    switch ((int)e->meaning) {
    case M_NOUN:
        return 0.4 + words + (e->rank == 0 ? 0.6 : 0.3 / (1 + e->rank));
    case M_TABLE:
    case M_PROVIDER:
        return 4 + words;
    case M_MODIFIER:
        return 0.05;
    case M_HERE:
        return 0;
    case M_PHRASE:
    case M_VALUE:
        return 1.3 + words;
    case M_ADJECTIVE:
    case M_COMPARATIVE:
    case M_BASE:
        return 1.2 + words;
    case M_COLUMN:
        return 1 + words + (t->columns[e->column].shown ? 0.3 : 0) +
               (t->columns[e->column].key ? 0.3 : 0) + 0.4 / (1 + e->rank) -
               (t->columns[e->column].costly ? 0.2 : 0);
    default:
        return 0;
    }
}

bool has_name(const struct parse *p)
{
    for (int i = 0; i < p->q.n_conds; i++)
        if (p->q.ties[i] != TIE_NONE)
            return true;
    return false;
}

/* "free disk space" names the disk. */
const struct item *noun_inside(const struct parse *p)
{
    for (int i = 0; i < p->n; i++) {
        const struct item *it = &p->items[i];
        for (int t = 0; it->n > 1 && t < it->n && reading(it, M_COLUMN); t++) {
            char key[KEY_MAX] = "";
            int n = 0;
            const struct entry *e =
                token_key(&p->w->tok[it->at + t], true, key) ? lexicon_find(p->t, key, &n) : NULL;
            for (int k = 0; k < n; k++)
                if (e[k].meaning == M_NOUN)
                    return it;
        }
    }
    return NULL;
}

void parse_weigh(struct parse *p)
{
    for (int i = 0; i < p->n; i++) {
        const struct item *it = &p->items[i];
        double best = 0;
        for (int k = 0; k < it->n_readings; k++) {
            double s = entry_score(p->t, it->readings[k], it);
            if (it->readings[k]->meaning == M_PHRASE && reading(it, M_NOUN))
                continue; /* what the noun says anyway */
            best = s > best && it->func == F_NONE ? s : best;
        }
        p->score += best;
    }
    if (p->noun_at >= 0)
        p->score += 4;
    for (int i = 0; i < p->q.n_conds; i++)
        p->score -= p->q.ties[i] == TIE_LOOSE || p->q.ties[i] == TIE_SUBJECT ? 1.5
                    : p->q.ties[i] == TIE_OWNER                              ? 1.2
                    : p->q.ties[i] != TIE_NONE                               ? 0.6
                                                                             : 0;
    if (p->t->view)
        p->score -= 1;
    if (!p->t->one_row && p->noun_at < 0 && !noun_inside(p) && !p->followup && p->q.order < 0 &&
        p->q.group < 0 && p->q.want == WANT_LIST && !has_name(p))
        p->score -= 2;
    if (!p->t->one_row && p->noun_at < 0 && !p->followup && p->q.want == WANT_NUMBER &&
        p->q.n_conds == 0 && !noun_inside(p))
        p->score -= 2; /* "how much swap do I have" */
    if (p->t->one_row && p->plural)
        p->score -= 4;
    if (p->t->one_row && p->q.n_conds > 0)
        p->score -= 2;
}
