"""What a visitor fills in."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile

from entries.models import Entry

PICTURE_MEGABYTES = 5


class EntryForm(forms.ModelForm):
    """A new entry."""

    class Meta:
        model = Entry
        fields = ["name", "message", "picture"]
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "message": forms.Textarea(attrs={"rows": 4}),
            "picture": forms.FileInput(attrs={"accept": ".gif,.jpeg,.jpg,.png,.webp"}),
        }

    def clean_picture(self) -> UploadedFile | None:
        """Refuse pictures that are too large."""
        picture = self.cleaned_data["picture"]
        if picture and picture.size > PICTURE_MEGABYTES * 1024 * 1024:
            raise forms.ValidationError(f"This picture is larger than {PICTURE_MEGABYTES} MB.")
        return picture
