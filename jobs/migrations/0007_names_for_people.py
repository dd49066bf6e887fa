from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0006_passages_heard_again'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='artifact',
            options={'verbose_name': 'artifact', 'verbose_name_plural': 'artifacts'},
        ),
        migrations.AlterModelOptions(
            name='change',
            options={'ordering': ['-number'], 'verbose_name': 'change', 'verbose_name_plural': 'changes'},
        ),
        migrations.AlterModelOptions(
            name='job',
            options={'ordering': ['-created_at'], 'verbose_name': 'job', 'verbose_name_plural': 'jobs'},
        ),
        migrations.AlterModelOptions(
            name='recording',
            options={'ordering': ['-created_at'], 'verbose_name': 'recording', 'verbose_name_plural': 'recordings'},
        ),
        migrations.AlterModelOptions(
            name='segment',
            options={'ordering': ['start', 'pk'], 'verbose_name': 'segment', 'verbose_name_plural': 'segments'},
        ),
        migrations.AlterModelOptions(
            name='segmentchange',
            options={'ordering': ['pk'], 'verbose_name': 'change of a segment', 'verbose_name_plural': 'changes of segments'},
        ),
        migrations.AlterModelOptions(
            name='speaker',
            options={'ordering': ['label'], 'verbose_name': 'speaker', 'verbose_name_plural': 'speakers'},
        ),
        migrations.AlterModelOptions(
            name='steprun',
            options={'ordering': ['created_at', 'part'], 'verbose_name': 'step run', 'verbose_name_plural': 'step runs'},
        ),
        migrations.AlterModelOptions(
            name='transcript',
            options={'ordering': ['-created_at'], 'verbose_name': 'transcript', 'verbose_name_plural': 'transcripts'},
        ),
        migrations.AlterModelOptions(
            name='upload',
            options={'ordering': ['-created_at'], 'verbose_name': 'upload', 'verbose_name_plural': 'uploads'},
        ),
    ]
